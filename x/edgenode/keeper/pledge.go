package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Pledge is Release for a node whose word is still to be judged: it gives the slot back
// and all of the liability but what is pledged, which stays locked until Redeem or
// Forfeit. It returns how much that is, in units of the bond denom: never more than the
// liability.
func (k *Keeper) Pledge(ctx context.Context, operator sdk.AccAddress, liability, pledged math.Int) (math.Int, error) {
	if err := types.CheckLiability(liability); err != nil {
		return math.Int{}, err
	}
	if err := types.CheckLiability(pledged); err != nil {
		return math.Int{}, err
	}
	state, err := k.state(ctx, operator)
	if err != nil {
		return math.Int{}, err
	}
	kept := math.MinInt(pledged, k.unlock(ctx, operator, &state, liability))
	state.Locked = state.Locked.Add(kept)
	return kept, k.saveAlive(ctx, operator, state)
}

// Redeem gives back what a node has pledged. One that has retired meanwhile has it
// returned with its bond.
func (k *Keeper) Redeem(ctx context.Context, operator sdk.AccAddress, pledged math.Int) error {
	if err := types.CheckLiability(pledged); err != nil {
		return err
	}
	state, err := k.state(ctx, operator)
	if err != nil {
		return err
	}
	state.Locked = state.Locked.Sub(math.MinInt(pledged, state.Locked))
	if state.Status == types.NODE_STATUS_RETIRED {
		return k.drainAndSave(ctx, operator, state)
	}
	return k.states.Set(ctx, operator, state)
}

// Forfeit burns what a node has pledged. It counts towards no jail. It returns what was
// burned, in units of the bond denom. Callers run it in a cached context.
func (k *Keeper) Forfeit(ctx context.Context, req types.ForfeitRequest) (math.Int, error) {
	if err := types.CheckLiability(req.Pledged); err != nil {
		return math.Int{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return math.Int{}, err
	}
	node, err := k.current(ctx, params, req.Operator)
	if err != nil {
		return math.Int{}, err
	}
	burned := math.MinInt(req.Pledged, node.State.Locked)
	node.State.Locked, node.State.Bond = node.State.Locked.Sub(burned), node.State.Bond.Sub(burned)
	if err := k.saveLessened(ctx, params, req.Operator, node); err != nil {
		return math.Int{}, err
	}
	zero := math.ZeroInt()
	outcome := types.SlashOutcome{Cost: zero, Honest: zero, Community: zero, Burned: burned, Unbonding: zero}
	if err := k.payOut(ctx, params.BondDenom, "", outcome); err != nil {
		return math.Int{}, err
	}
	return burned, emit(ctx, types.NewEventSlashed(
		node.Profile.Operator, params.BondDenom, types.ReasonContradictedReport, req.JobID, req.Task, outcome))
}
