package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Hold is Release for work that may still be contested: it gives the slot back and
// keeps the liability locked until a height, rounded up to a multiple of
// hold_blocks, or of more where that is far away. It returns that height. Nothing is
// written when it comes: whoever next reads the node finds the liability free.
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

// Contest takes a liability out of the hold that Hold has returned, so that it stays
// locked until Settle or a slash, and until then no unbonding of the operator is
// paid. It returns how much was locked: less than the liability when the node has
// retired since, whose holds return with its bond.
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

// Settle ends a contest that has found no fault: what Contest has locked is held until
// a height again, or is free when that has passed.
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
