package bid

import (
	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Draw is an open draw, with what has been found out about it. Missing names the facts
// that are nil and count.
type Draw struct {
	// Ref is the round that draws.
	Ref computetypes.TaskRef
	// CloseHeight is the first height at which claims no longer count.
	CloseHeight int64
	// Rank that the node would have, big endian.
	Rank []byte
	// Leading reports whether the rank is among the lowest so far.
	Leading bool
	// Held reports whether the node has claimed this draw, or holds an assignment of the
	// round.
	Held bool
	// Earlier is what has become of the node's earlier claim in this draw.
	Earlier *Earlier
	// Job has the terms of the work.
	Job *Job
	// Executor is the health of this machine's executor for the job's profile.
	Executor *Health
	// Sink is the health of the server that the result would go to.
	Sink *Health
}

// Job is what a decision needs to know of a job.
type Job struct {
	Requester string
	Spec      *computetypes.JobSpec
	// Liability is what an assignment locks of the node's bond, in the bond denom.
	Liability math.Int
}

// Earlier is what has become of an earlier claim.
type Earlier struct {
	// Over reports whether the claim was refused or the assignment was given back in this
	// same draw.
	Over bool
	// Reason for the owner to read.
	Reason string
}

// Health reports whether something works.
type Health struct {
	Works bool
	// Why it does not work. Empty while that is not known yet.
	Why string
}

// Cause says which rule leaves a draw to other nodes.
type Cause uint8

// The causes, in the order in which a draw meets them.
const (
	// CauseNone leaves nothing.
	CauseNone Cause = iota
	// CauseHeld: the node has claimed the draw already.
	CauseHeld
	// CauseClosing: a claim would come too late.
	CauseClosing
	// CauseOutranked: other nodes have lower ranks.
	CauseOutranked
	// CauseEarlier: an earlier claim in the same draw came to nothing.
	CauseEarlier
	// CauseJob: a task of the same job has gone wrong on this machine.
	CauseJob
	// CauseCrash: the program, or one of its requester, has ended a worker.
	CauseCrash
	// CauseExecutor: this machine cannot run the profile.
	CauseExecutor
	// CausePolicy: the owner does not want the job.
	CausePolicy
	// CauseSinkAwaited: the server of the results has not answered yet.
	CauseSinkAwaited
	// CauseSink: the results could not be delivered.
	CauseSink
	// CauseSlots: draws with lower ranks take the free slots.
	CauseSlots
	// CauseBond: the free bond is less than the liability.
	CauseBond
	// CauseTime: the programs would not all end before their deadlines.
	CauseTime
	// CauseFees: the fees of the assignment are not covered.
	CauseFees
	// CauseDisk: the disk has too little room.
	CauseDisk
	// CauseUnknown: a fact is missing.
	CauseUnknown
)

// Routine reports whether a draw is left in the normal course of things, so that the owner
// is told nothing.
func (c Cause) Routine() bool {
	switch c {
	case CauseHeld, CauseClosing, CauseSinkAwaited, CauseUnknown:
		return true
	case CauseNone, CauseOutranked, CauseEarlier, CauseJob, CauseCrash, CauseExecutor, CausePolicy,
		CauseSink, CauseSlots, CauseBond, CauseTime, CauseFees, CauseDisk:
	}
	return false
}

// Left is a draw that the node leaves to others.
type Left struct {
	Draw  Draw
	Cause Cause
	// Reason for the owner to read.
	Reason string
}

// Fact is something that has to be found out about a draw.
type Fact uint8

// The facts, in the order in which they are asked for: those that cost least come first.
const (
	// FactNone: nothing is missing.
	FactNone Fact = iota
	// FactEarlier is Draw.Earlier, which the journal has.
	FactEarlier
	// FactJob is Draw.Job, which the chain has.
	FactJob
	// FactExecutor is Draw.Executor.
	FactExecutor
	// FactSink is Draw.Sink.
	FactSink
)
