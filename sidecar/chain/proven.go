package chain

import (
	"bytes"
	"slices"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Proven is what the chain had of a task after a block, whatever the node says that was
// asked. What it allows it allows for good: a round that waits for reveals never goes
// back, and a task that has ended does not begin again. So an older state than the
// newest allows less, never more.
type Proven struct {
	// Err is why nothing of it could be proven.
	Err error
	// Height of the block.
	Height int64
	// ID of the job.
	ID computetypes.JobID
	// Job and Spec; nil where the chain had none (any more).
	Job  *computetypes.Job
	Spec *computetypes.JobSpec
	// Index of the task, and the task; nil where the chain had none.
	Index uint64
	Task  *computetypes.Task
}

// Ended tells whether the task had ended: it was opened, and has no record; or its job
// was posted before, and has none.
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

// round returns a round of the task, and whether it is the current one; nil where there
// is none.
func (p *Proven) round(number uint32) (*computetypes.Round, bool) {
	if p.Err != nil || p.Task == nil || int(number) >= len(p.Task.Rounds) {
		return nil, false
	}
	return &p.Task.Rounds[number], int(number) == len(p.Task.Rounds)-1
}

// TraceKeys are the keys of the traces that a tag of a round is made of; nil where they
// were not known yet.
func (p *Proven) TraceKeys(round uint32) [][]byte {
	found, _ := p.round(round)
	if found == nil || p.Job == nil || len(found.TraceKey) == 0 {
		return nil
	}
	return computetypes.TraceKeys(p.Job, p.Task, round)
}

// AllCommitted tells whether nobody in a round could copy any more: all of it had
// committed, a later one ran, or the task had ended.
func (p *Proven) AllCommitted(round uint32) bool {
	found, current := p.round(round)
	if found == nil {
		return p.Ended()
	}
	return !current || found.Phase == computetypes.ROUND_PHASE_REVEAL ||
		found.Phase == computetypes.ROUND_PHASE_REVIEW || found.Phase == computetypes.ROUND_PHASE_CLOSED
}

// Reveals tells whether a round waited for the reveal of a node's commitment.
func (p *Proven) Reveals(round uint32, operator string, commitment []byte) bool {
	found, current := p.round(round)
	return found != nil && current && found.Phase == computetypes.ROUND_PHASE_REVEAL && len(commitment) > 0 &&
		slices.ContainsFunc(found.Replicas, func(a computetypes.Assignment) bool {
			return a.Operator == operator && bytes.Equal(a.Commitment, commitment)
		})
}

// Opens tells whether the task waited for digests, those of a node's round among them:
// all of a later round had committed, or all who judge a challenge.
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

// Sink is where the outputs of the task go; empty where they go nowhere, or where the
// chain does not say any more.
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
