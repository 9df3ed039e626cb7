package keeper

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// Duties returns which items of a worker's message its task waits for at the height of
// ctx: commitments, reveals, openings and releases of who holds a part, and claims that
// would be taken. Each stands for liability that is locked, or will be by the claim. It
// looks at items in order and stops where more of them are dead than live, or after
// max_batch; of what it has not looked at none counts. Nothing is written. Other
// messages have none.
func (k *Keeper) Duties(ctx sdk.Context, msg sdk.Msg) []types.Duty {
	switch m := msg.(type) {
	case *types.MsgCommit:
		return duties(ctx, k, "commit", m.Worker, m.Items, (*round.Task).OwesCommit)
	case *types.MsgReveal:
		return duties(ctx, k, "reveal", m.Worker, m.Items, (*round.Task).OwesReveal)
	case *types.MsgOpen:
		return duties(ctx, k, "open", m.Worker, m.Items, (*round.Task).OwesOpen)
	case *types.MsgRelease:
		return duties(ctx, k, "release", m.Worker, m.Items, (*round.Task).MayRelease)
	case *types.MsgClaim:
		return duties(ctx, k, "claim", m.Worker, m.Items, (*round.Task).MayClaim)
	default:
		return nil
	}
}

func duties[T types.Item](
	ctx sdk.Context, k *Keeper, action, worker string, items []T,
	due func(t *round.Task, operator sdk.AccAddress, item T) (deadline int64, ok bool),
) []types.Duty {
	params, err := k.params.Get(ctx)
	if err != nil || types.ValidateBatch(items, params.MaxBatch) != nil {
		return nil
	}
	key, err := k.addresses.StringToBytes(worker)
	if err != nil {
		return nil
	}
	operator, err := k.nodes.OperatorOf(ctx, key)
	if err != nil {
		return nil
	}
	text, err := k.addresses.BytesToString(operator)
	if err != nil {
		return nil
	}
	var live []types.Duty
	for i, item := range items {
		ref := item.GetTaskRef()
		cached, _ := ctx.CacheContext() // what is due of the task comes first, and is not kept
		t, err := k.load(cached, params, ref.JobId, ref.Task)
		if err == nil && !t.Ended() {
			if deadline, ok := due(t, operator, item); ok {
				live = append(live, types.Duty{Action: action, Operator: text, Ref: ref, Deadline: deadline})
			}
		}
		if 2*len(live) < i+1 {
			break
		}
	}
	return live
}
