package keeper

import (
	"context"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// GiveBack gives an assignment's slot and liability back for a node that has decided not to
// execute it, and renews the node's lease. The first one within GiveBackBlocks is free; each
// further one burns the fee of the request, but at most the liability. Giving a task back does
// not count towards jail. GiveBack returns the burned amount, in units of the bond denom.
// Callers run it in a cached context.
func (k *Keeper) GiveBack(ctx context.Context, req types.GiveBackRequest) (math.Int, error) {
	if err := types.CheckLiability(req.Liability); err != nil {
		return math.Int{}, err
	}
	n, err := k.loadStake(ctx, req.Operator)
	if err != nil {
		return math.Int{}, err
	}
	last, now := n.state.GivenBack, n.height()
	if last != 0 && now <= last+types.GiveBackBlocks && req.Fee.IsPositive() {
		return k.giveBackAgain(ctx, req)
	}
	n.unlock(req.Liability)
	n.change().GivenBack = now
	if err := n.endWork(); err != nil {
		return math.Int{}, err
	}
	return math.ZeroInt(), k.save(n)
}

// giveBackAgain burns the fee of a node that has given back another task shortly before.
func (k *Keeper) giveBackAgain(ctx context.Context, req types.GiveBackRequest) (math.Int, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return math.Int{}, err
	}
	n, err := k.load(ctx, params, req.Operator)
	if err != nil {
		return math.Int{}, err
	}
	burned := math.MinInt(req.Fee, n.unlock(req.Liability))
	n.lose(burned)
	n.change().GivenBack = n.height()
	if n.state.Live(n.height()) {
		if err := n.renew(); err != nil {
			return math.Int{}, err
		}
	}
	if err := n.drain(); err != nil {
		return math.Int{}, err
	}
	if err := k.save(n); err != nil {
		return math.Int{}, err
	}
	return burned, k.burn(n, burned, types.ReasonGivenBack, req.JobID, req.Task)
}
