package bid

import (
	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Draw is an open draw with the facts that have been found out about it. A fact that is not
// known yet is nil; Missing names the next one that is needed.
type Draw struct {
	// Ref names the round that looks for nodes.
	Ref computetypes.ChunkRef
	// CloseHeight is the first height at which the chain no longer counts claims.
	CloseHeight int64
	// Rank is the rank that the node would have, big-endian.
	Rank []byte
	// Leading reports whether the rank is among the lowest ranks so far.
	Leading bool
	// Tasks is the number of tasks that the node would execute. 0 stands for 1.
	Tasks uint64
	// Liability is the part of the node's bond that the assignment would lock, as the chain
	// lists it. It is less than that of the job for samples and short chunks, and may be
	// missing.
	Liability math.Int
	// Call reports whether an auditor or a judge of a chunk is wanted, for which a node with one
	// slot has a second one.
	Call bool
	// Held reports whether the node has already claimed this draw or holds an assignment of
	// the round.
	Held bool
	// Earlier describes what happened to the node's earlier claim in this draw.
	Earlier *Earlier
	// Job contains the terms of the work.
	Job *Job
	// Executor is the health of the executor on this machine that runs the job's profile.
	Executor *Health
	// Sink is the health of the server that would receive the result.
	Sink *Health
}

// Job contains the facts about a job that a decision depends on.
type Job struct {
	Requester string
	Spec      *computetypes.JobSpec
	// Liability is the part of the node's bond that an assignment locks which executes a whole
	// chunk, in the bond denom.
	Liability math.Int
	// Samples is the number of tasks of a chunk that an audit samples at least. It is 0 if the
	// job does not have chunks of several tasks, or if they are not audited.
	Samples uint32
}

// mayBeAudited reports whether the draw looks for a node that executes a chunk of several tasks
// which may then be audited. The chain keeps a slot and bond of this node free for audits.
func (d *Draw) mayBeAudited() bool { return !d.Call && d.Job.Samples > 0 }

// locks returns the part of the bond that the draw's assignment would lock, in the bond denom:
// at most what one of a whole chunk locks.
func (d *Draw) locks() math.Int {
	if d.Liability.IsNil() || !d.Liability.IsPositive() || d.Liability.GT(d.Job.Liability) {
		return d.Job.Liability
	}
	return d.Liability
}

// Earlier describes what happened to an earlier claim.
type Earlier struct {
	// Over reports whether, in this same draw, the chain refused the claim or the node gave
	// the assignment back.
	Over bool
	// Reason is a text for the owner.
	Reason string
	// InDoubt reports whether a claim was sent whose outcome is unknown. The draw then takes
	// room before the draws with lower ranks, because the node may hold it already.
	InDoubt bool
}

// Health reports whether something works.
type Health struct {
	Works bool
	// Why is the reason why it does not work. It is empty while that is not known.
	Why string
}

// Cause is the rule by which a node leaves a draw to other nodes.
type Cause uint8

// These are the causes, in the order in which they are checked for a draw.
const (
	// CauseNone means that the node does not leave the draw.
	CauseNone Cause = iota
	// CauseHeld means that the node has already claimed the draw.
	CauseHeld
	// CauseClosing means that a claim would come too late.
	CauseClosing
	// CauseOutranked means that other nodes have lower ranks.
	CauseOutranked
	// CauseEarlier means that an earlier claim of the node in the same draw failed.
	CauseEarlier
	// CauseJob means that a task of the same job has failed on this machine.
	CauseJob
	// CauseCrash means that the program, or another program of its requester, has crashed a
	// worker process.
	CauseCrash
	// CauseHost means that the job names a server that the owner does not allow.
	CauseHost
	// CauseExecutor means that this machine cannot run the profile.
	CauseExecutor
	// CausePolicy means that the owner does not want the job.
	CausePolicy
	// CauseSinkAwaited means that the server for the results has not answered yet.
	CauseSinkAwaited
	// CauseSink means that the results could not be delivered.
	CauseSink
	// CauseSlots means that draws with lower ranks take the free slots.
	CauseSlots
	// CauseBond means that the free bond is less than the liability.
	CauseBond
	// CauseTime means that some of the programs would not end before their deadlines.
	CauseTime
	// CauseFees means that the node cannot pay the fees of the assignment.
	CauseFees
	// CauseLine means that the limit of what passes the network in a day would be exceeded.
	CauseLine
	// CauseDisk means that the disk does not have enough free space.
	CauseDisk
	// CauseUnknown means that a fact is missing.
	CauseUnknown
)

// Routine reports whether nodes leave draws for this cause in normal operation. The owner is
// not told about such draws.
func (c Cause) Routine() bool {
	switch c {
	case CauseHeld, CauseClosing, CauseSinkAwaited, CauseUnknown:
		return true
	case CauseNone, CauseOutranked, CauseEarlier, CauseJob, CauseCrash, CauseHost, CauseExecutor, CausePolicy,
		CauseSink, CauseSlots, CauseBond, CauseTime, CauseFees, CauseLine, CauseDisk:
	}
	return false
}

// Left is a draw that the node leaves to other nodes.
type Left struct {
	Draw  Draw
	Cause Cause
	// Reason is a text for the owner.
	Reason string
}

// Fact is something that has to be found out about a draw before it can be decided.
type Fact uint8

// These are the facts, in the order in which they are asked for: the cheapest come first.
const (
	// FactNone means that no fact is missing.
	FactNone Fact = iota
	// FactEarlier is Draw.Earlier, which is in the journal.
	FactEarlier
	// FactJob is Draw.Job, which is on the chain.
	FactJob
	// FactExecutor is Draw.Executor.
	FactExecutor
	// FactSink is Draw.Sink.
	FactSink
)
