package keeper

import (
	"context"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// GiveBack gives an assignment's slot and liability back to a node that does not want
// it after all, and renews its lease. The first in GiveBackBlocks is free; each other
// burns the fee of the request, never more than the liability. It counts towards no
// jail. It returns what was burned, in units of the bond denom. Callers run it in a
// cached context.
func (k *Keeper) GiveBack(ctx context.Context, req types.GiveBackRequest) (math.Int, error) {
	if err := types.CheckLiability(req.Liability); err != nil {
		return math.Int{}, err
	}
	state, err := k.state(ctx, req.Operator)
	if err != nil {
		return math.Int{}, err
	}
	if now := height(ctx); state.GivenBack == 0 || now > state.GivenBack+types.GiveBackBlocks || !req.Fee.IsPositive() {
		k.unlock(ctx, req.Operator, &state, req.Liability)
		state.GivenBack = now
		return math.ZeroInt(), k.saveAlive(ctx, req.Operator, state)
	}
	return k.giveBackAgain(ctx, req)
}

// giveBackAgain burns the fee of a node that has given back another task a little before.
func (k *Keeper) giveBackAgain(ctx context.Context, req types.GiveBackRequest) (math.Int, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return math.Int{}, err
	}
	node, err := k.current(ctx, params, req.Operator)
	if err != nil {
		return math.Int{}, err
	}
	burned := math.MinInt(req.Fee, k.unlock(ctx, req.Operator, &node.State, req.Liability))
	node.State.Bond = node.State.Bond.Sub(burned)
	node.State.GivenBack = height(ctx)
	if node.State.Live(height(ctx)) {
		if err := k.extendLease(ctx, &node.State); err != nil {
			return math.Int{}, err
		}
	}
	if err := k.saveLessened(ctx, params, req.Operator, node); err != nil {
		return math.Int{}, err
	}
	zero := math.ZeroInt()
	outcome := types.SlashOutcome{Cost: zero, Honest: zero, Community: zero, Burned: burned, Unbonding: zero}
	if err := k.payOut(ctx, params.BondDenom, "", outcome); err != nil {
		return math.Int{}, err
	}
	return burned, emit(ctx, types.NewEventSlashed(
		node.Profile.Operator, params.BondDenom, types.ReasonGivenBack, req.JobID, req.Task, outcome))
}
