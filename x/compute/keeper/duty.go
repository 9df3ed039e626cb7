package keeper

import (
	"bytes"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

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
		return duties(ctx, k, "commit", m.Worker, m.Items, (*work).owesCommit)
	case *types.MsgReveal:
		return duties(ctx, k, "reveal", m.Worker, m.Items, (*work).owesReveal)
	case *types.MsgOpen:
		return duties(ctx, k, "open", m.Worker, m.Items, (*work).owesOpen)
	case *types.MsgRelease:
		return duties(ctx, k, "release", m.Worker, m.Items, (*work).mayRelease)
	case *types.MsgClaim:
		return duties(ctx, k, "claim", m.Worker, m.Items, (*work).mayClaim)
	default:
		return nil
	}
}

func duties[T types.Item](
	ctx sdk.Context, k *Keeper, action, worker string, items []T,
	due func(w *work, operator sdk.AccAddress, item T) (deadline int64, ok bool),
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
		w, err := k.load(cached, params, ref.JobId, ref.Task)
		if err == nil && !w.task.Ended() {
			if deadline, ok := due(w, operator, item); ok {
				live = append(live, types.Duty{Action: action, Operator: text, Ref: ref, Deadline: deadline})
			}
		}
		if 2*len(live) < i+1 {
			break
		}
	}
	return live
}

func (w *work) owesCommit(operator sdk.AccAddress, item types.CommitItem) (int64, bool) {
	a, err := w.held(operator, item.Ref)
	if err != nil || a.Status != types.ASSIGNMENT_STATUS_ASSIGNED {
		return 0, false
	}
	return a.CommitDeadline, true
}

func (w *work) owesReveal(operator sdk.AccAddress, item types.RevealItem) (int64, bool) {
	a, err := w.held(operator, item.Ref)
	due := err == nil && a.Status == types.ASSIGNMENT_STATUS_COMMITTED && a.round == w.index() &&
		w.round().Phase == types.ROUND_PHASE_REVEAL &&
		bytes.Equal(types.Commitment(operator, item.Tag, item.ExitCode, item.Salt), a.Commitment)
	return w.round().RevealDeadline, due
}

func (w *work) owesOpen(operator sdk.AccAddress, item types.OpenItem) (int64, bool) {
	a, err := w.held(operator, item.Ref)
	if err != nil || !w.opens() || w.round().Phase != types.ROUND_PHASE_REVEAL {
		return 0, false
	}
	if a.Status == types.ASSIGNMENT_STATUS_COMMITTED { // its reveal goes before it in the same tx
		return w.round().RevealDeadline, true
	}
	if a.Status != types.ASSIGNMENT_STATUS_REVEALED {
		return 0, false
	}
	_, err = w.opened(a, item)
	return w.round().RevealDeadline, err == nil
}

func (w *work) mayRelease(operator sdk.AccAddress, item types.ReleaseItem) (int64, bool) {
	a, err := w.held(operator, item.Ref)
	if err != nil || a.Status != types.ASSIGNMENT_STATUS_ASSIGNED || item.InputUnavailable && item.Input >= w.job.Inputs {
		return 0, false
	}
	last := a.AssignedHeight + int64(w.job.PrepareBlocks)
	return last, w.height() <= last
}

func (w *work) mayClaim(operator sdk.AccAddress, ref types.TaskRef) (int64, bool) {
	if ref.Round != w.index() {
		return 0, false
	}
	_, rules, err := w.match(operator)
	if err != nil || slices.ContainsFunc(rules, func(r rule) bool { return r.err != nil }) {
		return 0, false
	}
	return w.round().Draw.CloseHeight - 1, true
}
