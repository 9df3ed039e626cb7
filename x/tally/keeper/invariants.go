package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/x/tally/types"
)

// InvariantResult is the result of one check. Err is nil if the rule holds.
type InvariantResult struct {
	Name string
	Err  error
}

// CheckInvariants checks the state between two blocks. Each rule walks all ballots, so the rules
// never run in a block.
func (k *Keeper) CheckInvariants(ctx context.Context) []InvariantResult {
	return []InvariantResult{
		{Name: "votings", Err: k.checkVotings(ctx)},
		{Name: "bonds", Err: k.checkBonds(ctx)},
		{Name: "shares", Err: k.checkShares(ctx)},
		{Name: "increases", Err: k.checkIncreases(ctx)},
		{Name: "optimistic", Err: k.checkOptimistic(ctx)},
	}
}

// checkVotings requires that exactly the proposals that are being voted on have a voting that has
// not ended, that the ballots of these votings are the votes in x/gov, and that the indexes contain
// the votings. If more votings are open than a block looks at, some may have ended before.
func (k *Keeper) checkVotings(ctx context.Context) error {
	voted := 0
	if err := k.gov.WalkOpen(ctx, func(id uint64) error {
		voted++
		voting, err := k.votings.Get(ctx, id)
		if err == nil && !voting.Ended {
			return k.checkBallots(ctx, id)
		}
		return types.ErrInvariantBroken.Wrapf("expected a voting of proposal %d that has not ended, found %v (%v)", id, voting, err)
	}); err != nil {
		return err
	}
	if err := k.checkVotes(ctx); err != nil {
		return err
	}
	all, err := k.allVotings(ctx)
	if err != nil {
		return err
	}
	open := 0
	for _, voting := range all {
		if !voting.Ended {
			open++
		}
		if err := k.checkIndexes(ctx, voting); err != nil {
			return err
		}
	}
	if open < voted || open > voted && open <= types.CheckLimit {
		return types.ErrInvariantBroken.Wrapf("expected as many open votings as the %d proposals that are voted on, found %d", voted, open)
	}
	return k.checkIndexSizes(ctx, open, len(all)-open)
}

// checkVotes requires that each vote in x/gov on a proposal that is being voted on has a ballot.
func (k *Keeper) checkVotes(ctx context.Context) error {
	return k.gov.WalkVotes(ctx, func(id uint64, voter sdk.AccAddress, _ govv1.Vote) error {
		if open, err := k.gov.Open(ctx, id); err != nil || !open {
			return err
		}
		has, err := k.ballots.Has(ctx, collections.Join(id, voter))
		if err == nil && !has {
			err = types.ErrInvariantBroken.Wrapf("expected a ballot of %s on proposal %d, found none", voter, id)
		}
		return err
	})
}

// checkIndexes requires that a voting is in the index of its state.
func (k *Keeper) checkIndexes(ctx context.Context, voting types.Voting) error {
	if voting.Ended {
		has, err := k.ended.Has(ctx, voting.ProposalId)
		if err == nil && !has {
			err = types.ErrInvariantBroken.Wrapf("expected proposal %d among the votings that have ended, found it missing", voting.ProposalId)
		}
		return err
	}
	id, err := k.open.Get(ctx, voting.Number)
	if err != nil || id != voting.ProposalId {
		return types.ErrInvariantBroken.Wrapf("expected proposal %d as open voting %d, found %d (%v)", voting.ProposalId, voting.Number, id, err)
	}
	return nil
}

func (k *Keeper) checkIndexSizes(ctx context.Context, open, ended int) error {
	if err := k.open.Walk(ctx, nil, func(uint64, uint64) (bool, error) {
		open--
		return false, nil
	}); err != nil {
		return err
	}
	if err := k.ended.Walk(ctx, nil, func(uint64) (bool, error) {
		ended--
		return false, nil
	}); err != nil {
		return err
	}
	if open != 0 || ended != 0 {
		return types.ErrInvariantBroken.Wrapf("expected each voting in one index, found differences of %d open and %d ended ones", open, ended)
	}
	return nil
}

func (k *Keeper) checkBallots(ctx context.Context, id uint64) error {
	return k.ballots.Walk(ctx, collections.NewPrefixedPairRange[uint64, sdk.AccAddress](id), func(key ballotKey, ballot types.Ballot) (bool, error) {
		vote, err := k.gov.Vote(ctx, id, key.K2())
		if err != nil {
			return true, types.ErrInvariantBroken.Wrapf("expected a vote of %s on proposal %d: %s", key.K2(), id, err)
		}
		same := len(vote.Options) == len(ballot.Options)
		for i := range ballot.Options {
			same = same && vote.Options[i].String() == ballot.Options[i].String()
		}
		if !same {
			return true, types.ErrInvariantBroken.Wrapf("ballot of %s on proposal %d: expected %v, found %v", key.K2(), id, vote.Options, ballot.Options)
		}
		return false, nil
	})
}

// checkBonds requires that each ballot counts the bond that the node has, and that the sums of
// bonds are those of the ballots.
func (k *Keeper) checkBonds(ctx context.Context) error {
	return k.eachOpen(ctx, func(voting types.Voting) error {
		expected := types.ZeroSums()
		err := k.eachBallot(ctx, voting.ProposalId, func(voter sdk.AccAddress, ballot types.Ballot) error {
			stake, err := k.nodes.Stake(ctx, voter)
			if err != nil {
				return err
			}
			increases, err := k.increasesOf(ctx, voter)
			if err != nil {
				return err
			}
			if counts := increases.Counts(stake, voting.Number); !counts.Equal(ballot.Bond) {
				return types.ErrInvariantBroken.Wrapf("bond of %s on proposal %d: expected %s, found %s", voter, voting.ProposalId, counts, ballot.Bond)
			}
			expected, err = expected.With(ballot.Options, math.LegacyNewDecFromInt(ballot.Bond))
			return err
		})
		if err != nil {
			return err
		}
		sums, err := k.bondsOf(ctx, voting.ProposalId)
		if err == nil && !sums.Equal(expected) {
			err = types.ErrInvariantBroken.Wrapf("bonds of proposal %d: expected %v, found %v", voting.ProposalId, expected, sums)
		}
		return err
	})
}

// checkShares requires that the sums of each validator are those of the ballots of its delegators.
func (k *Keeper) checkShares(ctx context.Context) error {
	return k.eachOpen(ctx, func(voting types.Voting) error {
		expected := map[string]types.Sums{}
		err := k.eachBallot(ctx, voting.ProposalId, func(voter sdk.AccAddress, ballot types.Ballot) error {
			delegations, err := k.delegations(ctx, voter)
			for _, d := range delegations {
				sums, known := expected[d.validator.String()]
				if !known {
					sums = types.ZeroSums()
				}
				if expected[d.validator.String()], err = sums.With(ballot.Options, d.shares); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		kept := 0
		err = k.shares.Walk(ctx, collections.NewPrefixedPairRange[uint64, sdk.ValAddress](voting.ProposalId), func(key sharesKey, sums types.Sums) (bool, error) {
			kept++
			if want, known := expected[key.K2().String()]; !known || !want.Equal(sums) {
				return true, types.ErrInvariantBroken.Wrapf("shares of %s on proposal %d: expected %v, found %v", key.K2(), voting.ProposalId, want, sums)
			}
			return false, nil
		})
		if err == nil && kept != len(expected) {
			err = types.ErrInvariantBroken.Wrapf("proposal %d: expected sums of %d validators, found %d", voting.ProposalId, len(expected), kept)
		}
		return err
	})
}

// checkIncreases requires that no node's increases exceed its bond.
func (k *Keeper) checkIncreases(ctx context.Context) error {
	return k.increases.Walk(ctx, nil, func(operator sdk.AccAddress, increases types.Increases) (bool, error) {
		stake, err := k.nodes.Stake(ctx, operator)
		if err == nil && increases.Younger(0).GT(stake.Bond) {
			err = types.ErrInvariantBroken.Wrapf("increases of %s: expected at most the bond of %s, found %s", operator, stake.Bond, increases.Younger(0))
		}
		return err != nil, err
	})
}

// checkOptimistic requires that an optimistic proposal has a share for its objections, is not expedited,
// and is not one that validators and delegators alone must accept.
func (k *Keeper) checkOptimistic(ctx context.Context) error {
	return k.eachOpen(ctx, func(voting types.Voting) error {
		if voting.ObjectionBps == 0 {
			return nil
		}
		if voting.ObjectionBps > types.MaxObjectionBps || voting.StakersMustAccept {
			return types.ErrInvariantBroken.Wrapf("optimistic proposal %d: expected at most %d basis points and a decision of all voters, found %v",
				voting.ProposalId, types.MaxObjectionBps, voting)
		}
		proposal, err := k.gov.Proposal(ctx, voting.ProposalId)
		if known, err := found(err); err != nil || !known {
			return err // it was cancelled, and EndBlock has not found that yet
		}
		if proposal.Expedited || len(proposal.Messages) == 0 {
			return types.ErrInvariantBroken.Wrapf("optimistic proposal %d: expected a regular voting on some messages, found expedited %t and %d messages",
				voting.ProposalId, proposal.Expedited, len(proposal.Messages))
		}
		return nil
	})
}

func (k *Keeper) eachOpen(ctx context.Context, check func(types.Voting) error) error {
	all, err := k.allVotings(ctx)
	if err != nil {
		return err
	}
	for _, voting := range all {
		if voting.Ended {
			continue
		}
		if err := check(voting); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) eachBallot(ctx context.Context, id uint64, visit func(sdk.AccAddress, types.Ballot) error) error {
	return k.ballots.Walk(ctx, collections.NewPrefixedPairRange[uint64, sdk.AccAddress](id), func(key ballotKey, ballot types.Ballot) (bool, error) {
		return false, visit(key.K2(), ballot)
	})
}

// checkWalkable refuses to walk over more ballots than limit.
func (k *Keeper) checkWalkable(ctx context.Context, limit int) error {
	count := 0
	err := k.ballots.Walk(ctx, nil, func(ballotKey, types.Ballot) (bool, error) {
		count++
		return count > limit, nil
	})
	if err == nil && count > limit {
		err = types.ErrTooManyBallots.Wrapf("expected at most %d, found more; check an exported genesis instead", limit)
	}
	return err
}
