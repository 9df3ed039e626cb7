package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/x/tally/types"
)

// cast counts the vote that an account has just given to x/gov, in place of its last one. It
// costs as much as the account has delegations.
func (k *Keeper) cast(ctx context.Context, id uint64, voter sdk.AccAddress) error {
	if err := k.begin(ctx, id); err != nil {
		return err
	}
	voting, err := k.votings.Get(ctx, id)
	if err != nil {
		return err
	}
	vote, err := k.gov.Vote(ctx, id, voter)
	if err != nil {
		return err
	}
	before, err := k.ballots.Get(ctx, collections.Join(id, voter))
	if known, err := found(err); err != nil {
		return err
	} else if !known {
		before = noBallot()
	}
	stake, err := k.nodes.Stake(ctx, voter)
	if err != nil {
		return err
	}
	increases, err := k.increasesOf(ctx, voter)
	if err != nil {
		return err
	}
	after := types.Ballot{Options: vote.Options, Bond: increases.Counts(stake, voting.Number)}
	if err := k.recountDelegations(ctx, id, voter, before, after); err != nil {
		return err
	}
	return k.recountBond(ctx, id, voter, before, after)
}

// noBallot is the ballot of an account that has not voted.
func noBallot() types.Ballot { return types.Ballot{Bond: math.ZeroInt()} }

// recountDelegations moves the sums of the validators to which a voter delegates.
func (k *Keeper) recountDelegations(ctx context.Context, id uint64, voter sdk.AccAddress, before, after types.Ballot) error {
	delegations, err := k.delegations(ctx, voter)
	if err != nil {
		return err
	}
	for _, d := range delegations {
		err := k.moveShares(ctx, id, d.validator, func(sums types.Sums) (types.Sums, error) {
			if before.Options != nil {
				var err error
				if sums, err = sums.Without(before.Options, d.shares); err != nil {
					return sums, err
				}
			}
			return sums.With(after.Options, d.shares)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// moveShares changes the sums of a validator. Sums without a vote are not kept.
func (k *Keeper) moveShares(
	ctx context.Context, id uint64, validator sdk.ValAddress, move func(types.Sums) (types.Sums, error),
) error {
	key := collections.Join(id, validator)
	sums, err := k.sharesOf(ctx, key)
	if err != nil {
		return err
	}
	if sums, err = move(sums); err != nil {
		return err
	}
	if sums.Total.IsZero() {
		return k.shares.Remove(ctx, key)
	}
	return k.shares.Set(ctx, key, sums)
}

func (k *Keeper) sharesOf(ctx context.Context, key sharesKey) (types.Sums, error) {
	sums, err := k.shares.Get(ctx, key)
	if known, err := found(err); err != nil || known {
		return sums, err
	}
	return types.ZeroSums(), nil
}

// recountBond writes the ballot of a voter and moves the sums of bonds.
func (k *Keeper) recountBond(ctx context.Context, id uint64, voter sdk.AccAddress, before, after types.Ballot) error {
	if err := k.ballots.Set(ctx, collections.Join(id, voter), after); err != nil {
		return err
	}
	if before.Bond.IsZero() && after.Bond.IsZero() {
		return nil
	}
	sums, err := k.bondsOf(ctx, id)
	if err != nil {
		return err
	}
	if sums, err = sums.Without(before.Options, math.LegacyNewDecFromInt(before.Bond)); err != nil {
		return err
	}
	if sums, err = sums.With(after.Options, math.LegacyNewDecFromInt(after.Bond)); err != nil {
		return err
	}
	if sums.Total.IsZero() {
		err = k.bonds.Remove(ctx, id)
	} else {
		err = k.bonds.Set(ctx, id, sums)
	}
	if err != nil || before.Bond.Equal(after.Bond) {
		return err
	}
	operator, err := k.text(voter)
	if err != nil {
		return err
	}
	return emit(ctx, types.NewEventBondVote(id, operator, after.Bond))
}

func (k *Keeper) bondsOf(ctx context.Context, id uint64) (types.Sums, error) {
	sums, err := k.bonds.Get(ctx, id)
	if known, err := found(err); err != nil || known {
		return sums, err
	}
	return types.ZeroSums(), nil
}

// ballotsOf returns the keys of the ballots of a voter: at most one for each voting.
func (k *Keeper) ballotsOf(ctx context.Context, voter sdk.AccAddress) ([]ballotKey, error) {
	var keys []ballotKey
	err := k.ballots.Indexes.voter.Walk(ctx, collections.NewPrefixedPairRange[sdk.AccAddress, uint64](voter),
		func(_ sdk.AccAddress, id uint64) (bool, error) {
			keys = append(keys, collections.Join(id, voter))
			return false, nil
		})
	return keys, err
}

// delegation is what a voter has delegated to one validator.
type delegation struct {
	validator sdk.ValAddress
	shares    math.LegacyDec
}

func (k *Keeper) delegations(ctx context.Context, delegator sdk.AccAddress) ([]delegation, error) {
	var all []delegation
	var failed error
	err := k.staking.IterateDelegations(ctx, delegator, func(_ int64, d stakingtypes.DelegationI) bool {
		validator, err := k.staking.ValidatorAddressCodec().StringToBytes(d.GetValidatorAddr())
		if err != nil {
			failed = err
			return true
		}
		all = append(all, delegation{validator: validator, shares: d.GetShares()})
		return false
	})
	if err == nil {
		err = failed
	}
	return all, err
}
