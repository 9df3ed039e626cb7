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

// Redeem gives back what a node has pledged. One that has retired meanwhile has it
// returned with its bond.
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
