package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Hold does what Release does, for work that may still be contested: it gives the slot back
// and keeps the liability locked until a height. The height is rounded up to a multiple of
// hold_blocks, or to a larger step if it is far away. Hold returns the rounded height. Nothing
// is written when that height comes: code that reads the node later finds the liability free.
func (k *Keeper) Hold(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) (int64, error) {
	if err := types.CheckLiability(liability); err != nil {
		return 0, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, err
	}
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return 0, err
	}
	until = params.HoldUntil(n.height(), until)
	held := n.unlock(liability)
	n.keep(held)
	n.change().AddHold(until, held)
	if err := n.endWork(); err != nil {
		return 0, err
	}
	return until, k.save(n)
}

// Contest takes a liability out of the hold whose height Hold has returned, so that it stays
// locked until Settle or a slash. Until then, no unbonding of the operator is paid. Contest
// returns how much was held. This is less than the liability if the node has retired since
// then, because the holds of a retired node return with its bond.
func (k *Keeper) Contest(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) (math.Int, error) {
	if err := types.CheckLiability(liability); err != nil {
		return math.Int{}, err
	}
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return math.Int{}, err
	}
	state := n.change()
	taken := state.TakeHold(until, liability)
	state.Contests++
	return taken, k.save(n)
}

// Settle ends a contest that has found no fault. The amount that Contest has kept locked is
// held until a height again. If that height has passed, the amount becomes free.
func (k *Keeper) Settle(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) error {
	if err := types.CheckLiability(liability); err != nil {
		return err
	}
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return err
	}
	state := n.change()
	state.EndContest()
	state.AddHold(until, math.MinInt(liability, state.Locked))
	state.EndHolds(n.height())
	if err := n.returnBond(); err != nil {
		return err
	}
	return k.save(n)
}
