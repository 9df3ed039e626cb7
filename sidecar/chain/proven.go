package chain

import (
	"bytes"
	"slices"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Proven is the chain's proven state of a task after a block, independent of what a node
// reports. Everything that it allows is allowed permanently, because a round that waits for
// reveals never goes back, and a task that has ended does not begin again. Therefore an older
// state allows less than the newest one, but never more.
type Proven struct {
	// Err explains why nothing could be proven about the task.
	Err error
	// Height is the height of the block.
	Height int64
	// ID is the id of the job.
	ID computetypes.JobID
	// Job is the job, and Spec its spec. They are nil if the chain does not have them, or no
	// longer has them.
	Job  *computetypes.Job
	Spec *computetypes.JobSpec
	// Index is the index of the task. Task is nil if the chain does not have the task.
	Index uint64
	Task  *computetypes.Chunk
}

// Ended reports whether the task had ended. Either the task was opened and does not have a
// record, or its job was posted earlier and does not have a record.
func (p *Proven) Ended() bool {
	if p.Err != nil {
		return false
	}
	if p.Task != nil {
		return p.Task.Ended()
	}
	if p.Job == nil {
		return p.Height > int64(p.ID.Height) //nolint:gosec // heights fit
	}
	return p.Index < p.Job.TasksOpened
}

// round returns a round of the task and whether it is the current round. It returns nil if the
// round does not exist.
func (p *Proven) round(number uint32) (*computetypes.Round, bool) {
	if p.Err != nil || p.Task == nil || int(number) >= len(p.Task.Rounds) {
		return nil, false
	}
	return &p.Task.Rounds[number], int(number) == len(p.Task.Rounds)-1
}

// TraceKeys returns the keys of the traces in a tag of a round. It returns nil if they were
// not known yet.
func (p *Proven) TraceKeys(round uint32) [][]byte {
	found, _ := p.round(round)
	if found == nil || p.Job == nil || len(found.TraceKey) == 0 {
		return nil
	}
	return computetypes.TraceKeys(p.Job, p.Task, round)
}

// Part is what a node executes of a chunk.
type Part struct {
	// Count is the number of tasks of the chunk.
	Count uint64
	// Samples contains the positions of the tasks that the node executes. It is empty if the
	// node executes all of them.
	Samples []uint32
	// Judges is the first task of the chunk whose root the node judges. It is nil if the node
	// does not judge a whole chunk.
	Judges *computetypes.ChunkRef
}

// JudgedBy returns the first task of the chunk whose root a job judges, or nil if the job does
// not judge a whole chunk.
func JudgedBy(job *computetypes.Job) *computetypes.ChunkRef {
	if job == nil || !job.Challenged.Whole() {
		return nil
	}
	return &computetypes.ChunkRef{JobId: job.Challenged.JobId, Task: job.Challenged.Chunk}
}

// Part returns what an operator's node executes in a round. It returns false if the node does
// not have a seat in the round.
func (p *Proven) Part(round uint32, operator string) (Part, bool) {
	found, _ := p.round(round)
	if found == nil || p.Job == nil {
		return Part{}, false
	}
	seat := slices.IndexFunc(found.Replicas, func(a computetypes.Assignment) bool { return a.Operator == operator })
	if seat < 0 {
		return Part{}, false
	}
	part := Part{Count: p.Task.Count, Judges: JudgedBy(p.Job)}
	if part.Judges == nil && part.Count > 1 && (round > 0 || seat >= int(found.Target-found.Auditors)) {
		part.Samples = found.Samples
	}
	return part, true
}

// Shows returns the positions of the tasks whose results a replica reveals with the root of
// its chunk.
func (p *Proven) Shows() []uint32 {
	if found, _ := p.round(0); found != nil {
		return found.Samples
	}
	return nil
}

// Judged returns the positions of the tasks whose digests are opened.
func (p *Proven) Judged() []uint32 {
	switch {
	case p.Err != nil || p.Task == nil || len(p.Task.Rounds) == 0:
		return nil
	case p.Task.Count <= 1 || JudgedBy(p.Job) != nil:
		return []uint32{0}
	}
	return p.Task.Rounds[len(p.Task.Rounds)-1].Samples
}

// AllCommitted reports whether no node could copy a result in a round any more: all its
// replicas had committed, a later round had started, or the task had ended.
func (p *Proven) AllCommitted(round uint32) bool {
	found, current := p.round(round)
	if found == nil {
		return p.Ended()
	}
	return !current || found.Phase == computetypes.ROUND_PHASE_REVEAL || found.Phase == computetypes.ROUND_PHASE_LEAVES ||
		found.Phase == computetypes.ROUND_PHASE_REVIEW || found.Phase == computetypes.ROUND_PHASE_CLOSED
}

// Reveals reports whether a round waited for the reveal of a node's commitment, or for the
// results of all tasks to whose root the node has committed.
func (p *Proven) Reveals(round uint32, operator string, commitment []byte) bool {
	found, current := p.round(round)
	asks := found != nil && (found.Phase == computetypes.ROUND_PHASE_REVEAL || found.Phase == computetypes.ROUND_PHASE_LEAVES)
	return asks && current && len(commitment) > 0 &&
		slices.ContainsFunc(found.Replicas, func(a computetypes.Assignment) bool {
			return a.Operator == operator && bytes.Equal(a.Commitment, commitment)
		})
}

// Opens reports whether the task waited for digests, including that of a node's round. That is
// the case if all replicas of a later round, or all challenge judges, had committed.
func (p *Proven) Opens(round uint32, operator string, commitment []byte) bool {
	found, current := p.round(round)
	if found == nil || p.Job == nil || len(commitment) == 0 {
		return false
	}
	if current && round == 0 && p.Job.Challenged == nil {
		return false
	}
	last := p.Task.Rounds[len(p.Task.Rounds)-1]
	return last.Phase == computetypes.ROUND_PHASE_REVEAL &&
		slices.ContainsFunc(found.Replicas, func(a computetypes.Assignment) bool {
			return a.Operator == operator && bytes.Equal(a.Commitment, commitment)
		})
}

// Sink returns the address to which the outputs of the task are delivered. It is empty if they
// are not delivered, or if the chain no longer has the address.
func (p *Proven) Sink() string {
	switch {
	case p.Err != nil:
	case p.Job != nil && p.Job.Redelivery != nil:
		return computetypes.TaskSink(p.Job.Redelivery.Sink, p.Index)
	case p.Spec != nil && p.Spec.Sink != "":
		return computetypes.TaskSink(p.Spec.Sink, p.Index)
	}
	return ""
}

// Holds returns the part that an operator's node held in a round, as a replica or as a candidate of
// a draw. It returns false if the node held none, or if nothing could be proven.
func (p *Proven) Holds(round uint32, operator string) (computetypes.Assignment, bool) {
	found, _ := p.round(round)
	if found == nil || p.Task.Ended() {
		return computetypes.Assignment{}, false
	}
	parts := found.Replicas
	if found.Draw != nil {
		parts = slices.Concat(parts, found.Draw.Candidates)
	}
	at := slices.IndexFunc(parts, func(a computetypes.Assignment) bool { return a.Operator == operator })
	if at < 0 {
		return computetypes.Assignment{}, false
	}
	return parts[at], true
}

// Phase returns the phase of a round and the height up to which it took reveals. It returns false
// if the round did not exist, or if nothing could be proven.
func (p *Proven) Phase(round uint32) (phase computetypes.RoundPhase, revealDeadline int64, exists bool) {
	found, _ := p.round(round)
	if found == nil {
		return computetypes.ROUND_PHASE_UNSPECIFIED, 0, false
	}
	return found.Phase, found.RevealDeadline, true
}
