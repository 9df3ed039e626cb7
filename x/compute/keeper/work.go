package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// work is a task in the hands of one handler, with its job: loaded, advanced,
// changed and saved once. The job is only read: what the task changes of it goes into
// a note.
type work struct {
	deps *deps
	// ctx is turned into an interface once: it is large, and each turn copies it.
	ctx    context.Context
	block  int64
	params types.Params
	id     types.JobID
	job    types.Job
	task   types.Task
	// note is what this handler changes of the job.
	note types.TaskNote
	// burned is what this handler has burned of the task's reserve, in the reward's denom.
	burned math.Int
	// changes are what this handler tells of the task.
	changes []types.TaskChange
	// loaded is what the task's indexes said when it was loaded.
	loaded traces
}

// traces is what a task leaves outside of its own record.
type traces struct {
	// due is the height under which it is queued, 0 when it is not; urgent says in which
	// queue.
	due    int64
	urgent bool
	// listed is the list of draws under which it looks for nodes, pinned the height of
	// the draw's seed.
	listed drawList
	pinned int64
	// board is the name under which nodes look for its draws.
	board string
	// held is how many replicas nodes hold.
	held int
	// holders are the operators under whom it is listed: those of its replicas and of
	// the candidates of its draw.
	holders []string
}

// load returns a task that has not ended, advanced by all that is due. It
// returns ErrJobNotFound, ErrTaskNotFound, ErrTaskNotOpen or ErrTaskEnded.
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
	var shared context.Context = ctx
	job, err := k.Job(shared, id)
	if err != nil {
		return nil, err
	}
	task, err := k.tasks.Get(shared, collections.Join(id, index))
	if errors.Is(err, collections.ErrNotFound) {
		return nil, missingTask(&job, index)
	}
	if err != nil {
		return nil, err
	}
	w := &work{
		deps: &k.deps, ctx: shared, block: ctx.BlockHeight(), params: params, id: id, job: job, task: task, note: types.NewTaskNote(),
		burned: math.ZeroInt(),
	}
	w.loaded = w.traces(task.DueHeight)
	return w, nil
}

// missingTask says why a job has no record of a task.
func missingTask(job *types.Job, index uint64) error {
	switch {
	case index >= job.Tasks:
		return types.ErrTaskNotFound.Wrapf("job %s has tasks 0 to %d, got %d", job.Id, job.Tasks-1, index)
	case index < job.TasksOpened:
		return types.ErrTaskEnded.Wrapf("task %d of job %s; its receipt says how", index, job.Id)
	case job.TasksDropped > 0:
		return types.ErrTaskEnded.Wrapf("task %d of job %s was never opened: the job was cancelled or its lifetime is over", index, job.Id)
	default:
		return types.ErrTaskNotOpen.Wrapf("tasks of job %s are open up to %d, got %d; it opens when others have ended",
			job.Id, job.TasksOpened-1, index)
	}
}

// newWork returns a task of a job that is about to be opened.
func (k *Keeper) newWork(ctx sdk.Context, params types.Params, id types.JobID, job types.Job, index uint64) *work {
	return &work{
		deps: &k.deps, ctx: ctx, block: ctx.BlockHeight(), params: params, id: id, job: job, note: types.NewTaskNote(),
		task:   types.Task{JobId: job.Id, Index: index, Status: types.TASK_STATUS_OPEN, DrawFees: math.ZeroInt()},
		burned: math.ZeroInt(),
	}
}

// traces returns what the task should leave outside of its record, when it is
// queued under a height.
func (w *work) traces(due int64) traces {
	t := traces{due: due, board: w.board()}
	if w.task.Ended() {
		return t
	}
	for _, a := range w.replicas() {
		t.holders = append(t.holders, a.Operator)
	}
	t.held = len(t.holders)
	if draw := w.round().Draw; draw != nil {
		t.listed, t.pinned = w.list(), draw.SeedHeight
		for i := range draw.Candidates {
			t.holders = append(t.holders, draw.Candidates[i].Operator)
		}
	}
	t.urgent = len(t.holders) > 0 || w.callsJudges()
	return t
}

// update is what a handler leaves to be written.
type update struct {
	task types.Task
	note types.TaskNote
	// before and after are what the indexes said of the task, and what they should say.
	before, after traces
}

// update fixes the height at which the task is next due, and hands over what is to be
// written. What follows begins a new note.
func (w *work) update() update {
	w.task.DueHeight = w.nextDue()
	u := update{before: w.loaded, after: w.traces(w.task.DueHeight)}
	w.note.Held += int64(u.after.held - u.before.held)
	u.task, u.note = w.task, w.note
	w.loaded, w.note = u.after, types.NewTaskNote()
	return u
}

// changed notes what happened to the task, for the event of the batch or block.
func (w *work) changed(change types.TaskChangeKind) {
	w.changes = append(w.changes, types.TaskChange{Ref: w.ref(), Change: change})
}

// expires returns the last height at which a first round may draw.
func (w *work) expires() int64 { return w.job.ExpiresHeight + w.task.SeedDelay }

// height is the height of the block at work.
func (w *work) height() int64 { return w.block }

// index is the number of the current round.
func (w *work) index() uint32 { return uint32(len(w.task.Rounds) - 1) }

// round is the current round.
func (w *work) round() *types.Round { return &w.task.Rounds[len(w.task.Rounds)-1] }

func (w *work) ref() types.TaskRef {
	return types.TaskRef{JobId: w.job.Id, Task: w.task.Index, Round: w.index()}
}

func (w *work) operator(text string) (sdk.AccAddress, error) {
	return w.deps.Addresses.StringToBytes(text)
}

// part is a node's assignment in the task's record, and the round that it is of.
type part struct {
	*types.Assignment
	round uint32
}

// replicas returns the parts of all rounds, in order of round and draw.
func (w *work) replicas() []part {
	var all []part
	for r := range w.task.Rounds {
		for i := range w.task.Rounds[r].Replicas {
			all = append(all, part{Assignment: &w.task.Rounds[r].Replicas[i], round: uint32(r)})
		}
	}
	return all
}

// part returns what a node holds of the task, as a replica or as a candidate of its
// draw.
func (w *work) part(operator string) (part, bool) {
	for _, p := range w.replicas() {
		if p.Operator == operator {
			return p, true
		}
	}
	draw := w.round().Draw
	for i := 0; draw != nil && i < len(draw.Candidates); i++ {
		if draw.Candidates[i].Operator == operator {
			return part{Assignment: &draw.Candidates[i], round: w.index()}, true
		}
	}
	return part{}, false
}

// participants counts the nodes that have taken part in any round, those that
// have left included.
func (w *work) participants() int { return len(w.task.Departed) + len(w.replicas()) }
