package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Pledge does what Release does for a node with a report that is still to be judged. It gives
// back the slot, and the liability except for the pledged amount, which stays locked until
// Redeem or Forfeit. It returns the amount that stays locked, in units of the bond denom,
// which is at most the liability.
func (k *Keeper) Pledge(ctx context.Context, operator sdk.AccAddress, liability, pledged math.Int) (math.Int, error) {
	if err := types.CheckLiability(liability); err != nil {
		return math.Int{}, err
	}
	if err := types.CheckLiability(pledged); err != nil {
		return math.Int{}, err
	}
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return math.Int{}, err
	}
	kept := math.MinInt(pledged, n.unlock(liability))
	n.keep(kept)
	if err := n.endWork(); err != nil {
		return math.Int{}, err
	}
	return kept, k.save(n)
}

// Redeem unlocks the amount that a node has pledged. If the node has retired since then, the
// amount returns with its bond.
func (k *Keeper) Redeem(ctx context.Context, operator sdk.AccAddress, pledged math.Int) error {
	if err := types.CheckLiability(pledged); err != nil {
		return err
	}
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return err
	}
	n.free(pledged)
	if err := n.returnBond(); err != nil {
		return err
	}
	return k.save(n)
}

// Forfeit burns the amount that a node has pledged. This does not count towards jail. Forfeit
// returns the burned amount, in units of the bond denom. Callers run it in a cached context.
func (k *Keeper) Forfeit(ctx context.Context, req types.ForfeitRequest) (math.Int, error) {
	if err := types.CheckLiability(req.Pledged); err != nil {
		return math.Int{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return math.Int{}, err
	}
	n, err := k.load(ctx, params, req.Operator)
	if err != nil {
		return math.Int{}, err
	}
	burned := n.free(req.Pledged)
	n.lose(burned)
	if err := n.drain(); err != nil {
		return math.Int{}, err
	}
	if err := k.save(n); err != nil {
		return math.Int{}, err
	}
	return burned, k.burn(n, burned, types.ReasonContradictedReport, req.JobID, req.Task)
}
