package keeper

import (
	"bytes"
	"errors"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// work is a task in the hands of one handler, with its job: loaded, advanced,
// changed and saved once. Assignments are read and written through as they are
// needed.
type work struct {
	k      *Keeper
	ctx    sdk.Context
	params types.Params
	id     types.JobID
	job    types.Job
	task   types.Task
	// due is the height under which the task was queued when it was loaded.
	due int64
	// stored is the encoded job as it was loaded, nil for a new one.
	stored []byte
}

// load returns a task that has not ended, advanced by all that is due. It
// returns ErrJobNotFound, ErrTaskNotFound or ErrTaskEnded.
func (k *Keeper) load(ctx sdk.Context, params types.Params, jobID string, index uint64) (*work, error) {
	id, err := types.ParseJobID(jobID)
	if err != nil {
		return nil, err
	}
	w, err := k.loadStored(ctx, params, id, index)
	if err != nil {
		return nil, err
	}
	return w, w.advance()
}

// loadStored returns a task as it was last saved.
func (k *Keeper) loadStored(ctx sdk.Context, params types.Params, id types.JobID, index uint64) (*work, error) {
	job, err := k.Job(ctx, id)
	if err != nil {
		return nil, err
	}
	task, err := k.tasks.Get(ctx, collections.Join(id, index))
	if errors.Is(err, collections.ErrNotFound) {
		if index < job.Tasks {
			return nil, types.ErrTaskEnded.Wrapf("task %d of job %s; its receipt says how", index, id)
		}
		return nil, types.ErrTaskNotFound.Wrapf("job %s has tasks 0 to %d, got %d", id, job.Tasks-1, index)
	}
	if err != nil {
		return nil, err
	}
	stored, err := job.Marshal()
	if err != nil {
		return nil, err
	}
	return &work{
		k: k, ctx: ctx, params: params, id: id, job: job, task: task, due: task.DueHeight, stored: stored,
	}, nil
}

// save writes the task and its job back and queues the next transition.
func (w *work) save() error {
	if err := w.saveJob(); err != nil {
		return err
	}
	key := collections.Join(w.id, w.task.Index)
	w.task.DueHeight = w.nextDue()
	if w.due != w.task.DueHeight {
		if w.due != 0 {
			if err := w.k.due.Remove(w.ctx, collections.Join3(w.due, w.id, w.task.Index)); err != nil {
				return err
			}
		}
		if w.task.DueHeight != 0 {
			if err := w.k.due.Set(w.ctx, collections.Join3(w.task.DueHeight, w.id, w.task.Index)); err != nil {
				return err
			}
		}
	}
	if w.task.Ended() {
		return w.k.tasks.Remove(w.ctx, key)
	}
	return w.k.tasks.Set(w.ctx, key, w.task)
}

// saveJob writes the job if it has changed: most steps of a task change the task
// alone, and a write costs more than a comparison.
func (w *work) saveJob() error {
	encoded, err := w.job.Marshal()
	if err != nil || bytes.Equal(encoded, w.stored) {
		return err
	}
	return w.k.jobs.Set(w.ctx, w.id, w.job)
}

// height is the height of the block at work.
func (w *work) height() int64 { return w.ctx.BlockHeight() }

// index is the number of the current round.
func (w *work) index() uint32 { return uint32(len(w.task.Rounds) - 1) }

// round is the current round.
func (w *work) round() *types.Round { return &w.task.Rounds[len(w.task.Rounds)-1] }

func (w *work) ref() types.TaskRef {
	return types.TaskRef{JobId: w.job.Id, Task: w.task.Index, Round: w.index()}
}

func (w *work) emit(event proto.Message) error { return w.ctx.EventManager().EmitTypedEvent(event) }

func (w *work) operator(text string) (sdk.AccAddress, error) {
	return w.k.addresses.StringToBytes(text)
}

// assignment returns a node's part in the task, whether it holds one or not.
func (w *work) assignment(operator sdk.AccAddress) (types.Assignment, bool, error) {
	a, err := w.k.assignments.Get(w.ctx, collections.Join3(operator, w.id, w.task.Index))
	if errors.Is(err, collections.ErrNotFound) {
		return types.Assignment{}, false, nil
	}
	return a, err == nil, err
}

// mustAssignment returns the part of a node that the task's record names.
func (w *work) mustAssignment(operator string) (types.Assignment, sdk.AccAddress, error) {
	addr, err := w.operator(operator)
	if err != nil {
		return types.Assignment{}, nil, err
	}
	a, err := w.k.assignments.Get(w.ctx, collections.Join3(addr, w.id, w.task.Index))
	return a, addr, err
}

func (w *work) setAssignment(operator sdk.AccAddress, a types.Assignment) error {
	return w.k.assignments.Set(w.ctx, collections.Join3(operator, w.id, w.task.Index), a)
}

func (w *work) removeAssignment(operator sdk.AccAddress) error {
	return w.k.assignments.Remove(w.ctx, collections.Join3(operator, w.id, w.task.Index))
}

// participants counts the nodes that have taken part in any round, those that
// have left included.
func (w *work) participants() int {
	n := len(w.task.Departed)
	for i := range w.task.Rounds {
		n += len(w.task.Rounds[i].Replicas)
	}
	return n
}
