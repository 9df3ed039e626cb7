package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/x/tally/types"
)

// validator is a bonded validator.
type validator struct {
	address sdk.ValAddress
	tokens  math.Int
	shares  math.LegacyDec
}

// Conclude counts the votes on a proposal, keeps the count and reports it. It returns
// ErrNoVoting if the proposal is not being voted on.
func (k *Keeper) Conclude(ctx context.Context, proposal govv1.Proposal) (types.Tally, error) {
	tally, err := k.Count(ctx, proposal)
	if err != nil {
		return tally, err
	}
	if err := k.tallies.Set(ctx, proposal.Id, tally); err != nil {
		return tally, err
	}
	return tally, emit(ctx, &types.EventTallied{Tally: tally})
}

// Count counts the votes on a proposal: of bonded validators, of their delegators, and of bonds.
// It reads three records for each bonded validator, and one for all bonds. It returns
// ErrNoVoting if the proposal is not being voted on.
func (k *Keeper) Count(ctx context.Context, proposal govv1.Proposal) (types.Tally, error) {
	voting, err := k.votings.Get(ctx, proposal.Id)
	if known, err := found(err); err != nil {
		return types.Tally{}, err
	} else if !known || voting.Ended {
		return types.Tally{}, types.ErrNoVoting.Wrapf("expected a proposal that is being voted on, found proposal %d", proposal.Id)
	}
	params, err := k.gov.Params(ctx)
	if err != nil {
		return types.Tally{}, err
	}
	rules, err := types.NewRules(params, proposal.Expedited)
	if err != nil {
		return types.Tally{}, err
	}
	validators, err := k.bonded(ctx)
	if err != nil {
		return types.Tally{}, err
	}
	stakers, power := types.ZeroSums(), math.ZeroInt()
	for _, v := range validators {
		votes, err := k.votesOf(ctx, proposal.Id, v)
		if err != nil {
			return types.Tally{}, err
		}
		stakers, power = stakers.Plus(votes), power.Add(v.tokens)
	}
	operators, err := k.bondsOf(ctx, proposal.Id)
	if err != nil {
		return types.Tally{}, err
	}
	optimistic, err := k.objections(ctx, voting, proposal, func(bps uint32, lapsed string) *types.Optimistic {
		return types.CountObjections(bps, lapsed, stakers, power, operators, rules)
	})
	return types.NewTally(voting, stakers, power, operators, rules, optimistic), err
}

// votesOf returns the votes that a validator carries: those of its delegators, and, if its
// operator voted, that vote for all shares whose delegators did not vote.
func (k *Keeper) votesOf(ctx context.Context, id uint64, v validator) (types.Sums, error) {
	if v.shares.IsZero() {
		return types.ZeroSums(), nil
	}
	shares, err := k.sharesOf(ctx, collections.Join(id, v.address))
	if err != nil {
		return shares, err
	}
	ballot, err := k.ballots.Get(ctx, collections.Join(id, sdk.AccAddress(v.address)))
	if known, err := found(err); err != nil {
		return shares, err
	} else if known {
		if shares, err = shares.With(ballot.Options, v.shares.Sub(shares.Total)); err != nil {
			return shares, err
		}
	}
	return shares.InTokens(v.tokens, v.shares), nil
}

func (k *Keeper) bonded(ctx context.Context) ([]validator, error) {
	var all []validator
	var failed error
	err := k.staking.IterateBondedValidatorsByPower(ctx, func(_ int64, v stakingtypes.ValidatorI) bool {
		address, err := k.staking.ValidatorAddressCodec().StringToBytes(v.GetOperator())
		if err != nil {
			failed = err
			return true
		}
		all = append(all, validator{address: address, tokens: v.GetValidatorPower(), shares: v.GetDelegatorShares()})
		return false
	})
	if err == nil {
		err = failed
	}
	return all, err
}
