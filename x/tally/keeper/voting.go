package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/internal/isolated"
	"github.com/thetaedge/theta/x/tally/types"
)

// begin opens the voting of a proposal, if the proposal is being voted on and has none yet.
func (k *Keeper) begin(ctx context.Context, id uint64) error {
	if known, err := k.votings.Has(ctx, id); err != nil || known {
		return err
	}
	if open, err := k.gov.Open(ctx, id); err != nil || !open {
		return err
	}
	proposal, err := k.gov.Proposal(ctx, id)
	if err != nil {
		return err
	}
	last, err := k.lastNumber(ctx)
	if err != nil {
		return err
	}
	if err := k.number.Set(ctx, last+1); err != nil {
		return err
	}
	return k.setVoting(ctx, types.Voting{
		ProposalId: id, Number: last + 1, StakersMustAccept: k.policy.StakersMustAccept(proposal),
	})
}

// setVoting writes a voting and the index that contains it.
func (k *Keeper) setVoting(ctx context.Context, voting types.Voting) error {
	if err := k.votings.Set(ctx, voting.ProposalId, voting); err != nil {
		return err
	}
	if voting.Ended {
		return k.ended.Set(ctx, voting.ProposalId)
	}
	return k.open.Set(ctx, voting.Number, voting.ProposalId)
}

// end notes that a voting has ended, unless its proposal is being voted on.
func (k *Keeper) end(ctx context.Context, id uint64) error {
	if open, err := k.gov.Open(ctx, id); err != nil || open {
		return err
	}
	voting, err := k.votings.Get(ctx, id)
	if known, err := found(err); err != nil || !known || voting.Ended {
		return err
	}
	if err := k.open.Remove(ctx, voting.Number); err != nil {
		return err
	}
	voting.Ended = true
	return k.setVoting(ctx, voting)
}

// lastNumber returns the number of the voting that began last, or 0 if none has begun yet.
func (k *Keeper) lastNumber(ctx context.Context) (uint64, error) {
	number, err := k.number.Get(ctx)
	_, err = found(err)
	return number, err
}

// allVotings returns the votings whose ballots are kept.
func (k *Keeper) allVotings(ctx context.Context) ([]types.Voting, error) {
	var all []types.Voting
	err := k.votings.Walk(ctx, nil, func(_ uint64, voting types.Voting) (bool, error) {
		all = append(all, voting)
		return false, nil
	})
	return all, err
}

// oldestOpen returns the lowest number of a voting that has not ended, or 0 if there is none.
func (k *Keeper) oldestOpen(ctx context.Context) (uint64, error) {
	oldest := uint64(0)
	err := k.open.Walk(ctx, nil, func(number, _ uint64) (bool, error) {
		oldest = number
		return true, nil
	})
	return oldest, err
}

// EndBlock notes which votings have ended without a call of x/gov: cancelled ones, and those whose
// proposals x/gov cannot read any more. It removes what is kept for votings that have ended, at
// most SweepLimit records a block.
func (k *Keeper) EndBlock(ctx context.Context) error {
	if err := k.endSome(ctx); err != nil {
		return err
	}
	return k.sweepEnded(ctx)
}

// endSome looks at CheckLimit open votings. The height says where it begins, so that each block goes
// on after the one before it, and all of them are looked at in turn.
func (k *Keeper) endSome(ctx context.Context) error {
	oldest, err := k.oldestOpen(ctx)
	if err != nil || oldest == 0 {
		return err
	}
	last, err := k.lastNumber(ctx)
	if err != nil {
		return err
	}
	height := uint64(sdk.UnwrapSDKContext(ctx).BlockHeight()) //nolint:gosec // heights are positive
	from := oldest + height*types.CheckLimit%(last-oldest+1)
	later := new(collections.Range[uint64]).StartInclusive(from)
	earlier := new(collections.Range[uint64]).EndExclusive(from)
	var proposals []uint64
	for _, part := range []*collections.Range[uint64]{later, earlier} {
		if len(proposals) >= types.CheckLimit {
			break
		}
		err := k.open.Walk(ctx, part, func(_, id uint64) (bool, error) {
			proposals = append(proposals, id)
			return len(proposals) >= types.CheckLimit, nil
		})
		if err != nil {
			return err
		}
	}
	for _, id := range proposals {
		if err := k.end(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// sweepEnded removes what is kept for votings that have ended.
func (k *Keeper) sweepEnded(ctx context.Context) error {
	var ended []uint64
	err := k.ended.Walk(ctx, nil, func(id uint64) (bool, error) {
		ended = append(ended, id)
		return len(ended) >= types.SweepLimit, nil
	})
	if err != nil || len(ended) == 0 {
		return err
	}
	oldest, err := k.oldestOpen(ctx)
	if err != nil {
		return err
	}
	room := types.SweepLimit
	for _, id := range ended {
		if room == 0 {
			return nil
		}
		isolated.Try(ctx, k.logger(ctx), fmt.Sprintf("ballots of proposal %d", id), func(ctx context.Context) error {
			removed, err := k.sweep(ctx, id, oldest == 0, room)
			if err == nil {
				room -= removed
			}
			return err
		})
	}
	return nil
}
