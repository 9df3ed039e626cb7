package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/thetaedge/theta/x/compute/types"
)

// conduct is how a node treats a task.
type conduct int

const (
	// honest nodes do what a task requires.
	honest conduct = iota
	// lying nodes commit to a wrong result of their own.
	lying
	// idle nodes never commit.
	idle
	// silent nodes commit and never reveal.
	silent
	// closed nodes reveal and never open.
	closed
	// echoing nodes repeat, as judges, a result that they have not computed.
	echoing
)

// conductOf returns the conduct of a node in a task. It is fixed for both, so that a node
// acts consistently from its claim to its last message. Of 32 parts, three lie, three fail
// and one echoes.
func conductOf(operator, job string, task uint64) conduct {
	switch digestOf("conduct of "+operator, job, task)[0] % 32 {
	case 0, 1, 2:
		return lying
	case 3:
		return idle
	case 4:
		return silent
	case 5:
		return closed
	case 6:
		return echoing
	default:
		return honest
	}
}

// inputMissing reports whether the input of a job is not available to any node: one job in
// eight.
func inputMissing(job string) bool { return digestOf("input", job, 0)[0]%8 == 0 }

// digestOf returns the SHA-256 of a text and a task.
func digestOf(text, job string, task uint64) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(text+" "+job+" "), task))
	return sum[:]
}

// part is a node's part in a task, and the task whose work it does: that task itself, or the
// one that the task's job judges.
type part struct {
	types.Assignment
	ref    types.ChunkRef
	origin types.ChallengedTask
	keys   [][]byte // keys of its traces
	// count is the number of tasks of the chunk, and position that of the task in it whose
	// result is meant.
	count    uint64
	position uint32
	// samples are the positions of the tasks that the node executes, or none if it executes
	// all; shows are the positions of those that it has to show.
	samples, shows []uint32
	// alone reports whether no other replica executes the task.
	alone bool
	// auditors is the number of auditors of an audited chunk.
	auditors uint32
	// counts reports whether the replicas of a chunk state how many of its tasks have failed.
	counts bool
}

// partOf returns the part with the work of the judged job, if the part's job judges another.
func (o operations) partOf(ctx context.Context, w types.WorkItem) (part, error) {
	p := part{
		Assignment: w.Assignment, ref: w.Ref, keys: w.TraceKeys, origin: types.ChallengedTask{JobId: w.Ref.JobId, Task: w.Ref.Task},
		count: w.Count, samples: w.Samples, shows: w.Shows,
	}
	found, err := o.queries.Job(ctx, &types.QueryJobRequest{JobId: w.Ref.JobId})
	if err != nil {
		return p, err
	}
	p.alone = found.Job.Policy.Replicas == 1
	p.auditors = found.Job.Policy.Auditors
	p.counts = found.Job.Policy.CountsFailures() && found.Job.Challenged == nil
	if found.Job.Challenged != nil {
		p.origin = *found.Job.Challenged
	}
	return p, nil
}

// conduct returns how the node treats the task. Of the parts of chunks of several tasks, three
// in eight lie, because there are few of them.
func (p part) conduct() conduct {
	if p.count > 1 && p.ref.Round == 0 && digestOf("skips a part of "+p.Operator, p.ref.JobId, p.ref.Task)[0]%8 < 3 {
		return lying
	}
	return conductOf(p.Operator, p.ref.JobId, p.ref.Task)
}

// result returns the digest that the node computes. Of a chunk, a lying node makes up half of
// the results.
func (p part) result() []byte {
	task := uint64(p.position)
	if p.conduct() == lying && (p.count == 1 || digestOf("skips of "+p.Operator, p.ref.JobId, p.ref.Task+task)[0]%2 == 0) {
		return digestOf("lie of "+p.Operator, p.ref.JobId, p.ref.Task+task)
	}
	return digestOf("result", p.origin.JobId, p.origin.Task+task)
}

// exitCode returns the exit code, which is part of the result: the programs of a third of all
// jobs fail.
func (p part) exitCode() uint32 {
	if p.result()[0]%3 == 0 {
		return 1
	}
	return 0
}

func (p part) inputMissing() bool { return inputMissing(p.origin.JobId) }

func (p part) salt() []byte { return digestOf("salt of "+p.Operator, p.ref.JobId, p.ref.Task) }

// shown returns the opening from which the node's tag is made. Lying nodes fold the same
// traces as honest ones; echoing nodes have one different trace.
func (p part) shown() types.Opening {
	traces := make([][]byte, len(p.keys))
	for i, key := range p.keys {
		traces[i] = digestOf("trace of "+string(p.result()), string(key), 0)
	}
	shown := types.Opening{Round: p.ref.Round, Digest: p.result(), Fuel: p.metrics().Fuel, ExitCode: p.exitCode(), Trace: traces[0], Position: p.position}
	if len(traces) > 1 {
		if shown.OwnTrace = traces[1]; p.conduct() == echoing {
			shown.OwnTrace = digestOf("echo of "+p.Operator, p.ref.JobId, p.ref.Task)
		}
	}
	return shown
}

// metrics returns the metrics of one task, whose fuel is the same for all nodes, and most of
// what a task may use.
func (p part) metrics() types.Metrics {
	metrics := types.Metrics{Fuel: 700_000 + 1_000*uint64(p.result()[1])}
	claims := digestOf("energy of "+p.Operator, p.ref.JobId, p.ref.Task)
	if claims[0]%4 > 0 {
		metrics.WallMs = uint64(claims[1]) << (claims[2] % 57) // some of them absurd
	}
	if claims[0]%4 > 1 {
		metrics.EnergySource, metrics.EnergyMj = "rapl", uint64(claims[3])<<(claims[4]%57)
	}
	return metrics
}

// tag returns the tag of the node's result in its round.
func (p part) tag(chain string) []byte {
	return types.Tag(chain, p.ref.JobId, p.ref.Task+uint64(p.position), p.shown())
}
