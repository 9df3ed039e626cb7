package keeper

import (
	"context"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Yield gives an assignment's slot and liability back for a node whose owner needs the machine,
// burns the fee of the request, but at most the liability, and renews the lease of a live node. Up
// to max_yields of a node's yields within a window are excused if the request allows it. Another
// one is noted as a missed deadline: the caller later says with CountMissed whether it counts
// towards jail. Callers run Yield in a cached context.
func (k *Keeper) Yield(ctx context.Context, req types.YieldRequest) (types.YieldOutcome, error) {
	if err := req.Validate(); err != nil {
		return types.YieldOutcome{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return types.YieldOutcome{}, err
	}
	n, err := k.load(ctx, params, req.Operator)
	if err != nil {
		return types.YieldOutcome{}, err
	}
	burned := math.MinInt(req.Fee, n.unlock(req.Liability))
	n.lose(burned)
	outcome := types.YieldOutcome{Burned: burned}
	if outcome.Excused = req.Excusable && n.change().CountYield(params, n.height()); !outcome.Excused {
		n.change().Faults.Missed++
	}
	if n.state.Live(n.height()) {
		if err := n.renew(); err != nil {
			return types.YieldOutcome{}, err
		}
	}
	if err := n.drain(); err != nil {
		return types.YieldOutcome{}, err
	}
	if err := k.save(n); err != nil {
		return types.YieldOutcome{}, err
	}
	return outcome, k.burn(n, outcome.Burned, types.ReasonYielded, req.JobID, req.Task)
}
