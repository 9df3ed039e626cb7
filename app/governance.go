package app

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

// maxMessageDepth is the number of messages within messages that are looked at. A proposal that
// nests more deeply is treated as if it contained everything.
const maxMessageDepth = 8

// stakersDecide returns the type URLs of messages that validators and delegators alone must accept
// too. Operators of nodes earn from grants of public work, and the parameters of x/rewards say how much
// of a reward and which emission stakers get, and how much a grant may pay. Those of x/distribution say
// how much of both goes to the community pool first, and a payment from the pool may go to operators. The other messages change how stakers vote, who
// they are and when validators are jailed, and who may make proposals that pass without a vote for them, so
// with them bonds could make that acceptance worthless.
func stakersDecide() []string {
	return []string{
		"/theta.rewards.v1.MsgCreateGrant", "/theta.rewards.v1.MsgUpdateParams",
		"/cosmos.distribution.v1beta1.MsgUpdateParams", "/cosmos.distribution.v1beta1.MsgCommunityPoolSpend",
		"/cosmos.gov.v1.MsgUpdateParams", "/cosmos.staking.v1beta1.MsgUpdateParams", "/cosmos.slashing.v1beta1.MsgUpdateParams",
		"/theta.tally.v1.MsgUpdateParams",
	}
}

// lendsGovernance returns the type URLs of messages with which an account that may send them in the
// name of governance can send every other message in its name.
func lendsGovernance() []string {
	return []string{
		"/cosmos.authz.v1beta1.MsgExec", "/cosmos.authz.v1beta1.MsgGrant", "/cosmos.consensus.v1.MsgUpdateParams",
	}
}

// stakersMustAccept reports whether a proposal contains a message of stakersDecide, or lets
// an account send one in the name of governance.
func stakersMustAccept(proposal govv1.Proposal) bool {
	messages, err := proposal.GetMsgs()
	return err != nil || contain(messages, stakersDecide(), maxMessageDepth)
}

func contain(messages []sdk.Msg, urls []string, depth int) bool {
	return slices.ContainsFunc(messages, func(message sdk.Msg) bool {
		switch message := message.(type) {
		case *authz.MsgExec:
			inner, err := message.GetMessages()
			return err != nil || depth == 0 || contain(inner, urls, depth-1)
		case *authz.MsgGrant:
			authorization, err := message.GetAuthorization()
			return err != nil || slices.Contains(urls, authorization.MsgTypeURL()) ||
				slices.Contains(lendsGovernance(), authorization.MsgTypeURL())
		case *consensustypes.MsgUpdateParams:
			// The account in this parameter takes the place of governance in all modules.
			return message.Auth != nil && message.Auth.Authority != "" && message.Auth.Authority != Authority()
		}
		return slices.Contains(urls, sdk.MsgTypeURL(message))
	})
}

// countVotes counts the votes on a proposal for x/gov. A proposal that is not being voted on
// according to x/tally is counted as the SDK does it.
func (app *App) countVotes(
	ctx context.Context, gov govkeeper.Keeper, proposal govv1.Proposal,
) (math.LegacyDec, math.Int, map[govv1.VoteOption]math.LegacyDec, error) {
	tally, err := app.TallyKeeper.Conclude(ctx, proposal)
	if errors.Is(err, tallytypes.ErrNoVoting) {
		return govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(app.StakingKeeper)(ctx, gov, proposal)
	}
	if err != nil {
		return math.LegacyDec{}, math.Int{}, nil, err
	}
	decides := tally.Deciding()
	return decides.Votes.Total, decides.Power, decides.Votes.Results(), nil
}

// proposals shows x/tally the proposals and votes of x/gov.
type proposals struct{ keeper *govkeeper.Keeper }

var _ tallytypes.GovKeeper = proposals{}

// Proposal returns a proposal, or collections.ErrNotFound.
func (p proposals) Proposal(ctx context.Context, id uint64) (govv1.Proposal, error) {
	return p.keeper.Proposals.Get(ctx, id)
}

// Open reports whether a proposal is being voted on.
func (p proposals) Open(ctx context.Context, id uint64) (bool, error) {
	return p.keeper.VotingPeriodProposals.Has(ctx, id)
}

// WalkOpen visits the proposals that are being voted on.
func (p proposals) WalkOpen(ctx context.Context, visit func(id uint64) error) error {
	return p.keeper.VotingPeriodProposals.Walk(ctx, nil, func(id uint64, _ []byte) (bool, error) {
		return false, visit(id)
	})
}

// Vote returns the last vote of an account.
func (p proposals) Vote(ctx context.Context, id uint64, voter sdk.AccAddress) (govv1.Vote, error) {
	return p.keeper.Votes.Get(ctx, collections.Join(id, voter))
}

// WalkVotes visits all votes.
func (p proposals) WalkVotes(ctx context.Context, visit func(id uint64, voter sdk.AccAddress, vote govv1.Vote) error) error {
	return p.keeper.Votes.Walk(ctx, nil, func(key collections.Pair[uint64, sdk.AccAddress], vote govv1.Vote) (bool, error) {
		return false, visit(key.K1(), key.K2(), vote)
	})
}

// RemoveVote removes a vote, if there is one.
func (p proposals) RemoveVote(ctx context.Context, id uint64, voter sdk.AccAddress) error {
	return p.keeper.Votes.Remove(ctx, collections.Join(id, voter))
}

// Submit makes a proposal, as the message does it, and returns its id.
func (p proposals) Submit(ctx context.Context, msg *govv1.MsgSubmitProposal) (uint64, error) {
	response, err := govkeeper.NewMsgServerImpl(p.keeper).SubmitProposal(ctx, msg)
	if err != nil {
		return 0, err
	}
	return response.ProposalId, nil
}

// Next returns the id of the proposal that is made next.
func (p proposals) Next(ctx context.Context) (uint64, error) { return p.keeper.ProposalID.Peek(ctx) }

// Params returns the rules of votings.
func (p proposals) Params(ctx context.Context) (govv1.Params, error) {
	return p.keeper.Params.Get(ctx)
}
