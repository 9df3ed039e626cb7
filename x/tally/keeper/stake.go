package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/tally/types"
)

// moveDelegation takes a delegation out of the sums of all votings in which the delegator has a
// ballot, or counts it again after it has changed.
func (k *Keeper) moveDelegation(
	ctx context.Context, delegator sdk.AccAddress, validator sdk.ValAddress, counts bool,
) error {
	keys, err := k.ballotsOf(ctx, delegator)
	if err != nil || len(keys) == 0 {
		return err
	}
	delegation, err := k.staking.GetDelegation(ctx, delegator, validator)
	if err != nil {
		return err
	}
	for _, key := range keys {
		ballot, err := k.ballots.Get(ctx, key)
		if err != nil {
			return err
		}
		err = k.moveShares(ctx, key.K1(), validator, func(sums types.Sums) (types.Sums, error) {
			if counts {
				return sums.With(ballot.Options, delegation.Shares)
			}
			return sums.Without(ballot.Options, delegation.Shares)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// restake notes when the bond of a node has grown, and counts it again in all open
// votings in which its operator has a ballot.
func (k *Keeper) restake(ctx context.Context, operator sdk.AccAddress, before, after edgenodetypes.Stake) error {
	increases, err := k.noteIncrease(ctx, operator, before, after)
	if err != nil {
		return err
	}
	keys, err := k.ballotsOf(ctx, operator)
	if err != nil {
		return err
	}
	for _, key := range keys {
		voting, err := k.votings.Get(ctx, key.K1())
		if err != nil {
			return err
		}
		if voting.Ended {
			continue // its ballots are being removed
		}
		old, err := k.ballots.Get(ctx, key)
		if err != nil {
			return err
		}
		now := types.Ballot{Options: old.Options, Bond: increases.Counts(after, voting.Number)}
		if now.Bond.Equal(old.Bond) {
			continue
		}
		if err := k.recountBond(ctx, key.K1(), operator, old, now); err != nil {
			return err
		}
	}
	return nil
}

// noteIncrease returns and writes the increases of a bond after a change. While nothing is voted
// on, there are none, because the bond is older than every voting to come.
func (k *Keeper) noteIncrease(
	ctx context.Context, operator sdk.AccAddress, before, after edgenodetypes.Stake,
) (types.Increases, error) {
	old, err := k.increasesOf(ctx, operator)
	if err != nil {
		return old, err
	}
	oldest, err := k.oldestOpen(ctx)
	if err != nil {
		return old, err
	}
	now := types.Increases{Operator: old.Operator}
	if oldest > 0 {
		now = old.Since(oldest)
	}
	switch {
	case after.Bond.LT(before.Bond):
		now = now.Decreased(before.Bond.Sub(after.Bond))
	case after.Bond.GT(before.Bond) && oldest > 0:
		last, err := k.lastNumber(ctx)
		if err != nil {
			return old, err
		}
		now = now.Increased(last, after.Bond.Sub(before.Bond))
	}
	if len(now.Increases) > 0 {
		return now, k.increases.Set(ctx, operator, now)
	}
	if len(old.Increases) == 0 {
		return now, nil
	}
	return now, k.increases.Remove(ctx, operator)
}

func (k *Keeper) increasesOf(ctx context.Context, operator sdk.AccAddress) (types.Increases, error) {
	increases, err := k.increases.Get(ctx, operator)
	if known, err := found(err); err != nil || known {
		return increases, err
	}
	name, err := k.text(operator)
	return types.Increases{Operator: name}, err
}
