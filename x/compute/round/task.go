package round

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// Task is a task that one handler works on, with its job. The handler loads it, advances it,
// changes it and saves it once. The task only reads its job: its changes to the job go into a
// note.
type Task struct {
	deps *Deps
	// ctx is converted to an interface once: it is large, and each conversion copies it.
	ctx    context.Context
	block  int64
	params types.Params
	id     types.JobID
	job    types.Job
	record types.Task
	// note contains what this handler changes of the job.
	note types.TaskNote
	// burned is the amount of the task's reserve that this handler has burned, in the
	// reward's denom.
	burned math.Int
	// changes are the changes of the task that this handler reports.
	changes []types.TaskChange
	// rest contains the tasks that a node has left to others. They become a chunk of their
	// own when the task is saved.
	rest Span
	// loaded is what the task's indexes contained when it was loaded.
	loaded Traces
}

// Load returns a task as it was last saved. id is the id of its job. Everything that the task
// does until it is saved is done in ctx.
func Load(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job, record types.Task) *Task {
	record.CompleteLocks(&job)
	t := inHand(ctx, deps, params, id, job, record)
	t.loaded = t.traces(record.DueHeight)
	return t
}

// Start returns a new chunk of a job's tasks, with its first draw started.
func Start(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job, tasks Span) (*Task, error) {
	t := inHand(ctx, deps, params, id, job, types.Task{
		JobId: job.Id, Index: tasks.First, Count: tasks.Count, Status: types.TASK_STATUS_OPEN,
		Liability: params.ChunkLiability(&job, tasks.Count), DrawFees: tasks.DrawFees, SeedDelay: tasks.SeedDelay,
	})
	if t.height() > t.expires() { // the rest of a chunk whose node has committed late
		t.record.Rounds = []types.Round{{Target: job.Policy.Replicas, Phase: types.ROUND_PHASE_COMMIT}}
		return t, t.abort(types.TASK_STATUS_EXPIRED)
	}
	return t, t.startRound(job.Policy.Replicas)
}

func inHand(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job, record types.Task) *Task {
	return &Task{
		deps: deps, ctx: ctx, block: sdk.UnwrapSDKContext(ctx).BlockHeight(), params: params, id: id, job: job, record: record,
		note: types.NewTaskNote(), burned: math.ZeroInt(),
	}
}

// Context returns the context in which the task was loaded. It shows what the task has done.
func (t *Task) Context() context.Context { return t.ctx }

// JobID returns the id of the task's job.
func (t *Task) JobID() types.JobID { return t.id }

// Job returns the task's job as it was when the task was loaded. Callers must not change it.
func (t *Task) Job() *types.Job { return &t.job }

// Record returns the task's current record. Callers must not change it.
func (t *Task) Record() *types.Task { return &t.record }

// Ended reports whether the task has ended.
func (t *Task) Ended() bool { return t.record.Ended() }

// Changes returns what has happened to the task since it was loaded, for the event of the
// batch or block.
func (t *Task) Changes() []types.TaskChange { return t.changes }

// AddChanges adds the changes of another chunk of the job, which this one has caused.
func (t *Task) AddChanges(of *Task) { t.changes = append(t.changes, of.changes...) }

// Ref returns the reference to the task and its current round.
func (t *Task) Ref() types.TaskRef {
	return types.TaskRef{JobId: t.job.Id, Task: t.record.Index, Round: t.index()}
}

// changed notes a change of the task.
func (t *Task) changed(change types.TaskChangeKind) {
	t.changes = append(t.changes, types.TaskChange{Ref: t.Ref(), Change: change})
}

// expires returns the last height at which a first round may draw.
func (t *Task) expires() int64 { return t.job.ExpiresHeight + t.record.SeedDelay }

// height returns the height of the current block.
func (t *Task) height() int64 { return t.block }

// index returns the number of the current round.
func (t *Task) index() uint32 { return uint32(len(t.record.Rounds) - 1) }

// current returns the current round.
func (t *Task) current() *types.Round { return &t.record.Rounds[len(t.record.Rounds)-1] }

func (t *Task) operator(text string) (sdk.AccAddress, error) {
	return t.deps.Addresses.StringToBytes(text)
}

// part is a node's assignment in the task's record, with the number of its round, and whether
// it audits.
type part struct {
	*types.Assignment
	round   uint32
	auditor bool
}

// replicas returns the parts of all rounds, ordered by round and draw.
func (t *Task) replicas() []part {
	var all []part
	for r := range t.record.Rounds {
		round := &t.record.Rounds[r]
		for i := range round.Replicas {
			all = append(all, part{Assignment: &round.Replicas[i], round: uint32(r), auditor: auditor(round, i)})
		}
	}
	return all
}

// part returns the node's part in the task, as a replica or as a candidate of the current
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
			return part{Assignment: &draw.Candidates[i], round: t.index(), auditor: t.current().Auditors > 0}, true
		}
	}
	return part{}, false
}

// participants returns the number of nodes that have taken part in any round, including those
// that have left.
func (t *Task) participants() int { return len(t.record.Departed) + len(t.replicas()) }
