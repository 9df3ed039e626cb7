package round

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// Task is a task in the hands of one handler, with its job: loaded, advanced, changed
// and saved once. The job is only read: what the task changes of it goes into a note.
type Task struct {
	deps *Deps
	// ctx is turned into an interface once: it is large, and each turn copies it.
	ctx    context.Context
	block  int64
	params types.Params
	id     types.JobID
	job    types.Job
	record types.Task
	// note is what this handler changes of the job.
	note types.TaskNote
	// burned is what this handler has burned of the task's reserve, in the reward's denom.
	burned math.Int
	// changes are what this handler tells of the task.
	changes []types.TaskChange
	// loaded is what the task's indexes said when it was loaded.
	loaded Traces
}

// Load returns a task as it was last saved. id is that of its job. Everything that the
// task does until it is saved is done in ctx.
func Load(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job, record types.Task) *Task {
	t := inHand(ctx, deps, params, id, job, record)
	t.loaded = t.traces(record.DueHeight)
	return t
}

// Start returns the task of a job that comes next, with its first draw begun.
func Start(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job) (*Task, error) {
	t := inHand(ctx, deps, params, id, job, types.Task{
		JobId: job.Id, Index: job.TasksOpened, Status: types.TASK_STATUS_OPEN, DrawFees: math.ZeroInt(),
	})
	return t, t.startRound(job.Policy.Replicas)
}

func inHand(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job, record types.Task) *Task {
	return &Task{
		deps: deps, ctx: ctx, block: sdk.UnwrapSDKContext(ctx).BlockHeight(), params: params, id: id, job: job, record: record,
		note: types.NewTaskNote(), burned: math.ZeroInt(),
	}
}

// Context is the one in which the task was loaded: it shows what the task has done.
func (t *Task) Context() context.Context { return t.ctx }

// JobID is the id of the task's job.
func (t *Task) JobID() types.JobID { return t.id }

// Job is the task's job as it was when the task was loaded. It is not to be changed.
func (t *Task) Job() *types.Job { return &t.job }

// Record is the task's record as it stands. It is not to be changed.
func (t *Task) Record() *types.Task { return &t.record }

// Ended reports whether the task has ended.
func (t *Task) Ended() bool { return t.record.Ended() }

// Changes are what has happened to the task since it was loaded, for the event of the
// batch or block.
func (t *Task) Changes() []types.TaskChange { return t.changes }

// Ref names the task and its current round.
func (t *Task) Ref() types.TaskRef {
	return types.TaskRef{JobId: t.job.Id, Task: t.record.Index, Round: t.index()}
}

// changed notes what happened to the task.
func (t *Task) changed(change types.TaskChangeKind) {
	t.changes = append(t.changes, types.TaskChange{Ref: t.Ref(), Change: change})
}

// expires returns the last height at which a first round may draw.
func (t *Task) expires() int64 { return t.job.ExpiresHeight + t.record.SeedDelay }

// height is the height of the block at work.
func (t *Task) height() int64 { return t.block }

// index is the number of the current round.
func (t *Task) index() uint32 { return uint32(len(t.record.Rounds) - 1) }

// current is the current round.
func (t *Task) current() *types.Round { return &t.record.Rounds[len(t.record.Rounds)-1] }

func (t *Task) operator(text string) (sdk.AccAddress, error) {
	return t.deps.Addresses.StringToBytes(text)
}

// part is a node's assignment in the task's record, and the round that it is of.
type part struct {
	*types.Assignment
	round uint32
}

// replicas returns the parts of all rounds, in order of round and draw.
func (t *Task) replicas() []part {
	var all []part
	for r := range t.record.Rounds {
		for i := range t.record.Rounds[r].Replicas {
			all = append(all, part{Assignment: &t.record.Rounds[r].Replicas[i], round: uint32(r)})
		}
	}
	return all
}

// part returns what a node holds of the task, as a replica or as a candidate of its
// draw.
func (t *Task) part(operator string) (part, bool) {
	for _, p := range t.replicas() {
		if p.Operator == operator {
			return p, true
		}
	}
	draw := t.current().Draw
	for i := 0; draw != nil && i < len(draw.Candidates); i++ {
		if draw.Candidates[i].Operator == operator {
			return part{Assignment: &draw.Candidates[i], round: t.index()}, true
		}
	}
	return part{}, false
}

// participants counts the nodes that have taken part in any round, those that
// have left included.
func (t *Task) participants() int { return len(t.record.Departed) + len(t.replicas()) }
