package keeper

import (
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// Duties returns the items of a worker's message for which their tasks wait at the height of
// ctx: commitments, reveals, openings, releases and yields of a node that holds a part, and claims
// that would be taken. Each of them stands for a liability that is locked, or that the claim
// will lock. Duties checks the items in order. It stops after max_batch, or when more than
// half of the checked items are not duties; items that it has not checked do not count. It
// does not write anything. Messages of other types have no duties. Errors come from the
// store.
func (k *Keeper) Duties(ctx sdk.Context, msg sdk.Msg) ([]types.Duty, error) {
	switch m := msg.(type) {
	case *types.MsgCommit:
		return duties(ctx, k, "commit", m.Worker, m.Items, (*round.Chunk).OwesCommit)
	case *types.MsgReveal:
		return duties(ctx, k, "reveal", m.Worker, m.Items, (*round.Chunk).OwesReveal)
	case *types.MsgOpen:
		return duties(ctx, k, "open", m.Worker, m.Items, (*round.Chunk).OwesOpen)
	case *types.MsgRelease:
		return duties(ctx, k, "release", m.Worker, m.Items, (*round.Chunk).MayRelease)
	case *types.MsgYield:
		// A node gives a part back only once, so that the lane of a block takes it only once.
		return duties(ctx, k, "release", m.Worker, m.Items, (*round.Chunk).MayYield)
	case *types.MsgClaim:
		return duties(ctx, k, "claim", m.Worker, m.Items, (*round.Chunk).MayClaim)
	default:
		return nil, nil
	}
}

func duties[T types.Item](
	ctx sdk.Context, k *Keeper, action, worker string, items []T,
	due func(t *round.Chunk, operator sdk.AccAddress, item T) (deadline int64, ok bool, err error),
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
		ref := item.GetChunkRef()
		cached, _ := ctx.CacheContext() // due transitions are applied first, and then discarded
		deadline, ok := int64(0), false
		t, err := k.load(cached, params, ref.JobId, ref.Task)
		if err == nil && !t.Ended() {
			deadline, ok, err = due(t, operator, item)
		}
		if unlessRefused(err) != nil {
			return nil, err
		}
		if ok {
			duty := types.Duty{Action: action, Operator: text, Ref: ref, Deadline: deadline}
			if shown, opens := any(item).(types.OpenItem); opens {
				duty.Position = shown.Position
			}
			live = append(live, duty)
		}
		if 2*len(live) < i+1 {
			break
		}
	}
	return live, nil
}

// unlessRefused returns nil for an error that every machine finds in the same state: a
// refusal by a module, or a record that is missing or cannot be decoded. It returns other
// errors, which come from the store, unchanged.
func unlessRefused(err error) error {
	if refusal := new(errorsmod.Error); errors.As(err, &refusal) {
		return nil
	}
	if errors.Is(err, collections.ErrNotFound) || errors.Is(err, collections.ErrEncoding) {
		return nil
	}
	return err
}
