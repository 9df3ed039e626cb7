package keeper

import (
	"context"
	"fmt"
	"slices"
	"strings"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/x/tally/types"
)

// regularCommand makes a proposal that voters have to accept.
const regularCommand = "thetad tx gov submit-proposal"

// submitOptimistic makes a proposal that passes unless voters object, and returns its id. Its voting begins
// at once, so that the mark is never on a proposal without a voting.
func (k *Keeper) submitOptimistic(ctx context.Context, msg *types.MsgSubmitOptimistic) (uint64, error) {
	params, err := k.Params(ctx)
	if err != nil {
		return 0, err
	}
	if !slices.Contains(params.OptimisticProposers, msg.Proposer) {
		return 0, types.ErrNotProposer.Wrapf("expected one of the %d accounts in optimistic_proposers, found %s; make a regular proposal: %s",
			len(params.OptimisticProposers), msg.Proposer, regularCommand)
	}
	if len(msg.Messages) == 0 {
		return 0, types.ErrNotRoutine.Wrapf("expected at least one message, found none; make a regular proposal, whose text voters accept: %s", regularCommand)
	}
	for _, message := range msg.Messages {
		if !k.routine(params, message.TypeUrl) {
			return 0, types.ErrNotRoutine.Wrapf("expected messages of optimistic_messages (%s), found %s; make a regular proposal: %s",
				strings.Join(params.OptimisticMessages, ", "), message.TypeUrl, regularCommand)
		}
		if err := k.checkContent(ctx, message); err != nil {
			return 0, types.ErrNotRoutine.Wrapf("%s; make a regular proposal: %s", err, regularCommand)
		}
	}
	if open, err := k.openOf(ctx, msg.Proposer); err != nil {
		return 0, err
	} else if open >= types.MaxOpenProposals {
		return 0, types.ErrTooManyProposals.Wrapf("expected at most %d open optimistic proposals of an account, found %d; wait until one is decided, or make a regular proposal: %s",
			types.MaxOpenProposals, open, regularCommand)
	}
	id, err := k.gov.Submit(ctx, msg.Regular())
	if err != nil {
		return 0, err
	}
	if err := k.mark(ctx, id, msg, params); err != nil {
		return 0, err
	}
	return id, emit(ctx, types.NewEventOptimisticProposal(id, msg.Proposer, params.ObjectionBps))
}

// mark notes in the voting of a proposal that the proposal is optimistic.
func (k *Keeper) mark(ctx context.Context, id uint64, msg *types.MsgSubmitOptimistic, params types.Params) error {
	voting, err := k.votings.Get(ctx, id)
	if known, err := found(err); err != nil {
		return err
	} else if !known {
		rules, err := k.gov.Params(ctx)
		if err != nil {
			return err
		}
		return types.ErrDeposit.Wrapf("expected an initial deposit of at least %s, with which the voting begins at once, found %s",
			sdk.NewCoins(rules.MinDeposit...), msg.InitialDeposit)
	}
	if voting.StakersMustAccept {
		return types.ErrNotRoutine.Wrapf("expected messages that all voters decide, found one that validators and delegators alone must accept; make a regular proposal: %s", regularCommand)
	}
	voting.ObjectionBps, voting.Proposer = params.ObjectionBps, msg.Proposer
	voting.Began = sdk.UnwrapSDKContext(ctx).BlockHeight()
	return k.setVoting(ctx, voting)
}

// openOf returns the number of optimistic proposals of an account that are being voted on. The transaction pays
// for the walk over open votings.
func (k *Keeper) openOf(ctx context.Context, proposer string) (int, error) {
	count := 0
	err := k.open.Walk(ctx, nil, func(_, id uint64) (bool, error) {
		voting, err := k.votings.Get(ctx, id)
		if err != nil || voting.Proposer != proposer {
			return err != nil, err
		}
		open, err := k.gov.Open(ctx, id) // it may have been cancelled in this block
		if open {
			count++
		}
		return err != nil, err
	})
	return count, err
}

// routine reports whether an optimistic proposal may contain messages of a type, by the parameters and by
// the app.
func (k *Keeper) routine(params types.Params, url string) bool {
	return slices.Contains(params.OptimisticMessages, url) && slices.Contains(k.policy.Routine, url)
}

// checkContent refuses a message of a routine type that changes more than voters may overlook.
func (k *Keeper) checkContent(ctx context.Context, message *codectypes.Any) error {
	content, is := message.GetCachedValue().(sdk.Msg)
	if !is {
		return fmt.Errorf("expected a message, found %s, which cannot be read", message.TypeUrl)
	}
	return k.policy.CheckRoutine(ctx, content)
}

// objections counts the objections to a proposal by the share that applies, and with the reason why it needs
// the votes of a regular proposal too, if there is one. It returns nil for a proposal that is not optimistic.
//
// If the parameters have changed since the voting began, what is harder for the proposal applies.
func (k *Keeper) objections(
	ctx context.Context, voting types.Voting, proposal govv1.Proposal, count func(bps uint32, lapsed string) *types.Optimistic,
) (*types.Optimistic, error) {
	if voting.ObjectionBps == 0 {
		return nil, nil
	}
	params, err := k.Params(ctx)
	if err != nil {
		return nil, err
	}
	return count(min(voting.ObjectionBps, params.ObjectionBps), k.lapse(ctx, params, voting, proposal)), nil
}

// lapse returns why an optimistic proposal needs the votes of a regular one too, or an empty text.
func (k *Keeper) lapse(ctx context.Context, params types.Params, voting types.Voting, proposal govv1.Proposal) string {
	if !slices.Contains(params.OptimisticProposers, proposal.Proposer) {
		return "the proposer is not in optimistic_proposers any more"
	}
	for _, message := range proposal.Messages {
		if !k.routine(params, message.TypeUrl) {
			return message.TypeUrl + " is not in optimistic_messages any more"
		}
		if err := k.checkContent(ctx, message); err != nil {
			return err.Error()
		}
	}
	if voting.StakersMustAccept {
		return "validators and delegators alone must accept it"
	}
	return hurried(sdk.UnwrapSDKContext(ctx), voting, proposal)
}

// hurried returns why voters had no time to object until the end of a voting, or an empty text. The clock goes on
// while a chain stands still, and votes need blocks.
func hurried(ctx sdk.Context, voting types.Voting, proposal govv1.Proposal) string {
	if ctx.BlockTime().Before(*proposal.VotingEndTime) {
		return ""
	}
	least := int64(proposal.VotingEndTime.Sub(*proposal.VotingStartTime) / types.SlowestBlock)
	if blocks := ctx.BlockHeight() - voting.Began; blocks < least {
		return fmt.Sprintf("expected at least %d blocks during the voting, found %d", least, blocks)
	}
	return ""
}
