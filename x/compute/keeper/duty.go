package keeper

import (
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// Duties returns which items of a worker's message its task waits for at the height of
// ctx: commitments, reveals, openings and releases of who holds a part, and claims that
// would be taken. Each stands for liability that is locked, or will be by the claim. It
// looks at items in order and stops where more of them are dead than live, or after
// max_batch; of what it has not looked at none counts. Nothing is written. Other
// messages have none. Errors are those of the store.
func (k *Keeper) Duties(ctx sdk.Context, msg sdk.Msg) ([]types.Duty, error) {
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
		return nil, nil
	}
}

func duties[T types.Item](
	ctx sdk.Context, k *Keeper, action, worker string, items []T,
	due func(t *round.Task, operator sdk.AccAddress, item T) (deadline int64, ok bool, err error),
) ([]types.Duty, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	key, err := k.addresses.StringToBytes(worker)
	if err != nil || types.ValidateBatch(items, params.MaxBatch) != nil {
		return nil, nil //nolint:nilerr // a message that is refused has no duties
	}
	operator, err := k.nodes.OperatorOf(ctx, key)
	if err != nil {
		return nil, unlessRefused(err)
	}
	text, err := k.addresses.BytesToString(operator)
	if err != nil {
		return nil, err
	}
	var live []types.Duty
	for i, item := range items {
		ref := item.GetTaskRef()
		cached, _ := ctx.CacheContext() // what is due of the task comes first, and is not kept
		deadline, ok := int64(0), false
		t, err := k.load(cached, params, ref.JobId, ref.Task)
		if err == nil && !t.Ended() {
			deadline, ok, err = due(t, operator, item)
		}
		if unlessRefused(err) != nil {
			return nil, err
		}
		if ok {
			live = append(live, types.Duty{Action: action, Operator: text, Ref: ref, Deadline: deadline})
		}
		if 2*len(live) < i+1 {
			break
		}
	}
	return live, nil
}

// unlessRefused drops an error that every machine finds in the same state: a decision of a
// module, or a record that is missing or cannot be decoded. It keeps those of the store.
func unlessRefused(err error) error {
	if refusal := new(errorsmod.Error); errors.As(err, &refusal) {
		return nil
	}
	if errors.Is(err, collections.ErrNotFound) || errors.Is(err, collections.ErrEncoding) {
		return nil
	}
	return err
}
