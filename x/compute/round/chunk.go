package round

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// Chunk is a chunk that one handler works on, with its job. The handler loads it, advances it,
// changes it and saves it once. The chunk only reads its job: its changes to the job go into a
// note.
type Chunk struct {
	deps *Deps
	// ctx is converted to an interface once: it is large, and each conversion copies it.
	ctx    context.Context
	block  int64
	params types.Params
	id     types.JobID
	job    types.Job
	record types.Chunk
	// note contains what this handler changes of the job.
	note types.ChunkNote
	// burned is the amount of the chunk's reserve that this handler has burned, in the
	// reward's denom.
	burned math.Int
	// minted is what this handler has credited against the job's grant, and drawn reports whether
	// it ends the chunk while a draw is open whose outcome is known.
	minted math.Int
	drawn  bool
	// grantRevoked reports whether the job's grant was revoked, once grantRead is set.
	grantRevoked, grantRead bool
	// changes are the changes of the chunk that this handler reports.
	changes []types.ChunkChange
	// rest contains the tasks that a node has left to others. They become a chunk of their
	// own when the chunk is saved.
	rest Span
	// loaded is what the chunk's indexes contained when it was loaded.
	loaded Traces
}

// Load returns a chunk as it was last saved. id is the id of its job. Everything that the chunk
// does until it is saved is done in ctx.
func Load(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job, record types.Chunk) *Chunk {
	record.CompleteLocks(&job)
	t := inHand(ctx, deps, params, id, job, record)
	t.loaded = t.traces(record.DueHeight)
	return t
}

// Start returns a new chunk of a job's tasks, with its first draw started.
func Start(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job, tasks Span) (*Chunk, error) {
	t := inHand(ctx, deps, params, id, job, types.Chunk{
		JobId: job.Id, Index: tasks.First, Count: tasks.Count, Status: types.CHUNK_STATUS_OPEN,
		Liability: params.ChunkLiability(&job, tasks.Count), DrawFees: tasks.DrawFees, SeedDelay: tasks.SeedDelay, Vacated: tasks.Vacated,
	})
	if t.height() > t.expires() { // the rest of a chunk whose node has committed late
		t.record.Rounds = []types.Round{{Target: job.Policy.Replicas, Phase: types.ROUND_PHASE_COMMIT}}
		return t, t.abort(types.CHUNK_STATUS_EXPIRED)
	}
	return t, t.startRound(job.Policy.Replicas)
}

func inHand(ctx context.Context, deps *Deps, params types.Params, id types.JobID, job types.Job, record types.Chunk) *Chunk {
	return &Chunk{
		deps: deps, ctx: ctx, block: sdk.UnwrapSDKContext(ctx).BlockHeight(), params: params, id: id, job: job, record: record,
		note: types.NewChunkNote(), burned: math.ZeroInt(), minted: math.ZeroInt(),
	}
}

// Context returns the context in which the chunk was loaded. It shows what the chunk has done.
func (t *Chunk) Context() context.Context { return t.ctx }

// JobID returns the id of the chunk's job.
func (t *Chunk) JobID() types.JobID { return t.id }

// Job returns the chunk's job as it was when the chunk was loaded. Callers must not change it.
func (t *Chunk) Job() *types.Job { return &t.job }

// Record returns the chunk's current record. Callers must not change it.
func (t *Chunk) Record() *types.Chunk { return &t.record }

// Ended reports whether the chunk has ended.
func (t *Chunk) Ended() bool { return t.record.Ended() }

// Changes returns what has happened to the chunk since it was loaded, for the event of the
// batch or block.
func (t *Chunk) Changes() []types.ChunkChange { return t.changes }

// AddChanges adds the changes of another chunk of the job, which this one has caused.
func (t *Chunk) AddChanges(of *Chunk) { t.changes = append(t.changes, of.changes...) }

// Ref returns the reference to the chunk and its current round.
func (t *Chunk) Ref() types.ChunkRef {
	return types.ChunkRef{JobId: t.job.Id, Task: t.record.Index, Round: t.index()}
}

// changed notes a change of the chunk.
func (t *Chunk) changed(change types.ChunkChangeKind) {
	t.changes = append(t.changes, types.ChunkChange{Ref: t.Ref(), Change: change})
}

// expires returns the last height at which a first round may draw.
func (t *Chunk) expires() int64 { return t.job.ExpiresHeight + t.record.SeedDelay }

// height returns the height of the current block.
func (t *Chunk) height() int64 { return t.block }

// index returns the number of the current round.
func (t *Chunk) index() uint32 { return uint32(len(t.record.Rounds) - 1) }

// current returns the current round.
func (t *Chunk) current() *types.Round { return &t.record.Rounds[len(t.record.Rounds)-1] }

func (t *Chunk) operator(text string) (sdk.AccAddress, error) {
	return t.deps.Addresses.StringToBytes(text)
}

// part is a node's assignment in the chunk's record, with the number of its round, and whether
// it audits.
type part struct {
	*types.Assignment
	round   uint32
	auditor bool
}

// replicas returns the parts of all rounds, ordered by round and draw.
func (t *Chunk) replicas() []part {
	var all []part
	for r := range t.record.Rounds {
		round := &t.record.Rounds[r]
		for i := range round.Replicas {
			all = append(all, part{Assignment: &round.Replicas[i], round: uint32(r), auditor: auditor(round, i)})
		}
	}
	return all
}

// part returns the node's part in the chunk, as a replica or as a candidate of the current
// draw.
func (t *Chunk) part(operator string) (part, bool) {
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
func (t *Chunk) participants() int { return len(t.record.Departed) + len(t.replicas()) }
