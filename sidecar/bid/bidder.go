package bid

import (
	"bytes"
	"cmp"
	"slices"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Bidder is a node at one height, with the facts that are the same for all draws.
type Bidder struct {
	// Operator is the address of the node's owner.
	Operator string
	// Height is the height of the state that the draws were read from.
	Height int64
	Params computetypes.Params
	Policy Policy
	// Shuns are the jobs, programs and requesters that the node avoids.
	Shuns *Shuns
	// Strays are addresses that have led this machine to hosts that are not in Policy.Hosts. It may be nil.
	Strays Strays
}

// Missing returns the next fact that has to be found out before a draw can be decided. It
// returns FactNone if the decision does not depend on an unknown fact.
func (b *Bidder) Missing(d *Draw) Fact {
	_, _, missing := b.judge(d)
	return missing
}

// Shortlist is a selection of draws. It does not consider how much room the node has.
type Shortlist struct {
	// Wanted contains the selected draws: first those with a claim whose outcome is unknown,
	// then by rank, lowest first.
	Wanted []Draw
	// Left contains the other draws, in the order in which they were read.
	Left []Left
}

// Shortlist selects the draws that the owner wants and that the machine can run. If a draw was
// read twice, only the later reading counts.
func (b *Bidder) Shortlist(draws []Draw) Shortlist {
	var list Shortlist
	for _, d := range latest(draws) {
		cause, reason, missing := b.judge(&d)
		switch {
		case missing != FactNone:
			list.Left = append(list.Left, Left{Draw: d, Cause: CauseUnknown, Reason: "not all is known about it yet"})
		case cause != CauseNone:
			list.Left = append(list.Left, Left{Draw: d, Cause: cause, Reason: reason})
		default:
			list.Wanted = append(list.Wanted, d)
		}
	}
	slices.SortFunc(list.Wanted, func(x, y Draw) int {
		return cmp.Or(y.doubt()-x.doubt(), bytes.Compare(x.Rank, y.Rank), compareRefs(x.Ref, y.Ref))
	})
	return list
}

// doubt returns 1 if a claim was sent for the draw and its outcome is unknown, and otherwise 0.
func (d *Draw) doubt() int {
	if d.Earlier != nil && d.Earlier.InDoubt {
		return 1
	}
	return 0
}

// latest returns each draw once, as it was last read.
func latest(draws []Draw) []Draw {
	at := make(map[computetypes.ChunkRef]int, len(draws))
	list := make([]Draw, 0, len(draws))
	for _, d := range draws {
		if i, twice := at[d.Ref]; twice {
			list[i] = d
			continue
		}
		at[d.Ref] = len(list)
		list = append(list, d)
	}
	return list
}

func compareRefs(x, y computetypes.ChunkRef) int {
	return cmp.Or(cmp.Compare(x.JobId, y.JobId), cmp.Compare(x.Task, y.Task), cmp.Compare(x.Round, y.Round))
}

// judge returns the reason why a draw is left to other nodes. If a fact is needed to decide
// that, it returns the fact instead.
func (b *Bidder) judge(d *Draw) (cause Cause, reason string, missing Fact) {
	cause, reason, missing = b.judgeDraw(d)
	if cause != CauseNone || missing != FactNone {
		return cause, reason, missing
	}
	if cause, reason, missing = b.judgeJob(d); cause != CauseNone || missing != FactNone {
		return cause, reason, missing
	}
	return judgeSink(d)
}

// judgeDraw judges a draw without knowing its job.
func (b *Bidder) judgeDraw(d *Draw) (Cause, string, Fact) {
	switch {
	case d.Held:
		return CauseHeld, "this node has claimed it", FactNone
	case d.CloseHeight <= b.Height+1:
		return CauseClosing, "it closes before a claim could be in a block", FactNone
	case !d.Leading:
		return CauseOutranked, "other nodes have lower ranks for all its replicas", FactNone
	case d.Earlier == nil:
		return CauseNone, "", FactEarlier
	case d.Earlier.Over:
		return CauseEarlier, cmp.Or(d.Earlier.Reason, "this node has given it back"), FactNone
	}
	if why := b.Shuns.Job(d.Ref.JobId, b.Height); why != "" {
		return CauseJob, why, FactNone
	}
	return CauseNone, "", FactNone
}

// judgeJob judges a draw by the terms of its job and by what this machine can run.
func (b *Bidder) judgeJob(d *Draw) (Cause, string, Fact) {
	if d.Job == nil {
		return CauseNone, "", FactJob
	}
	spec := d.Job.Spec
	if why := b.Shuns.Program(spec, d.Job.Requester, b.Height); why != "" {
		return CauseCrash, why, FactNone
	}
	if why := b.unlisted(spec); why != "" {
		return CauseHost, why, FactNone
	}
	switch {
	case d.Executor == nil:
		return CauseNone, "", FactExecutor
	case !d.Executor.Works:
		return CauseExecutor, "needs an executor for " + spec.Executor + ", which " + d.Executor.Why, FactNone
	}
	if why := b.Policy.refusal(*d.Job, d.Tasks, b.Operator, b.Params); why != "" {
		return CausePolicy, why, FactNone
	}
	return CauseNone, "", FactNone
}

// judgeSink judges a draw by the server that would receive the result. A job that judges a
// challenge does not have a sink.
func judgeSink(d *Draw) (Cause, string, Fact) {
	switch {
	case d.Job.Spec.Sink == "":
	case d.Sink == nil:
		return CauseNone, "", FactSink
	case d.Sink.Works:
	case d.Sink.Why == "":
		return CauseSinkAwaited, "the server of its results has not answered yet", FactNone
	default:
		return CauseSink, "its results could not be delivered: " + d.Sink.Why, FactNone
	}
	return CauseNone, "", FactNone
}
