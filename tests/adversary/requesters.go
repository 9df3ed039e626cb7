package adversary

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// badJobs is the number of jobs that a hostile requester posts.
	badJobs = 6
	// trapServed is the number of nodes that get the input of a trap; trapLifetime is the
	// number of blocks for which it draws others.
	trapServed, trapLifetime = 2, 30
)

// requesters are behaviours of requesters.
func requesters() []behaviour {
	return []behaviour{
		badJob{
			label: "posts unavailable jobs", spec: unavailable, cost: seatsPaid,
			why: "-jobs·M·seat - posting - gas: who reports a missing input earns nothing, and each seat costs its fee",
		},
		badJob{label: "posts impossible jobs", spec: impossible, cost: allPaid, why: resultPaid},
		badJob{label: "posts non-deterministic jobs", spec: random, cost: allPaid, why: resultPaid},
		badJob{
			label: "serves inputs to some", spec: trap, cost: vacatedPaid,
			why: "-attempts·attempt·R - (vacated + draws in vain) - posting - gas: whoever had the input and committed earns the attempt fee, the others go without fault, and their seats cost their fees",
		},
	}
}

// badJob is a requester who hopes to get work for free, or to have honest nodes slashed.
type badJob struct {
	label string
	// policy is the name of the jobs' policy in reports; empty means the quorum.
	policy string
	// spec returns the n-th job and its right answer.
	spec func(ctx context.Context, s *stage, n int) (computetypes.JobSpec, answer, error)
	// cost returns what a task should have cost the requester, in whole tfuel, and why.
	cost func(t terms, r *computetypes.Receipt) float64
	why  string
}

func (b badJob) name() string { return b.label }

func (b badJob) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{Behaviour: b.label, Policy: cmp.Or(b.policy, quorumPolicy), Jobs: badJobs, Trials: badJobs}
	key := newKeyPair()
	if err := s.fund(ctx, 4*replicas*badJobs*reward, key.Address()); err != nil {
		return row, err
	}
	wallet := purse{accounts: []string{key.Address().String()}}
	before, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	sender := s.senders.of(key, 1)
	var ids []string
	fees := 0.0
	for n := range badJobs {
		spec, right, err := b.spec(ctx, s, n)
		if err != nil {
			return row, err
		}
		posted, err := s.post(ctx, sender, spec, right, 1)
		if err != nil {
			return row, err
		}
		ids = append(ids, posted.ids...)
		fees += inTfuel(posted.fees)
	}
	over, err := s.finish(ctx, ids)
	if err != nil {
		return row, err
	}
	after, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	c := between(before, after)
	row.Gain, row.Loss = inTfuel(c.gain), inTfuel(c.loss)
	row.Predicted, row.Formula = -fees, b.why
	for _, e := range over {
		for i := range e.receipts {
			row.Predicted -= b.cost(s.terms(), &e.receipts[i])
		}
	}
	row.Note = fmt.Sprintf("accepted %d, input unavailable %d, expired %d, failed %d of %d jobs",
		accepted(over), len(endedAs(over, computetypes.CHUNK_STATUS_INPUT_UNAVAILABLE)),
		len(endedAs(over, computetypes.CHUNK_STATUS_EXPIRED)), len(endedAs(over, computetypes.CHUNK_STATUS_FAILED)), badJobs)
	return row.judged(), nil
}

const resultPaid = "-jobs·M·R - posting - gas: a failure is a result, verified and paid as one"

// seatsPaid returns the fee of each seat: no node is paid.
func seatsPaid(t terms, _ *computetypes.Receipt) float64 { return replicas * t.seat() }

func allPaid(t terms, _ *computetypes.Receipt) float64 { return replicas * t.reward }

// vacatedPaid returns the attempt fees of the nodes that committed, and the burned amounts:
// for each node that came and left, a seat fee; and the fees of draws without a node.
func vacatedPaid(t terms, r *computetypes.Receipt) float64 {
	tried := count(r.Outcomes, computetypes.ASSIGNMENT_STATUS_PAID)
	return t.attempt*t.reward*float64(tried) + inTfuel(r.Burned)
}

// unavailable names an input that no server has.
func unavailable(_ context.Context, s *stage, n int) (computetypes.JobSpec, answer, error) {
	spec := s.spec()
	blob := s.content.withheld("/gone/"+strconv.Itoa(n), fmt.Appendf(nil, "promised %d", n), http.NotFound)
	spec.Inputs = []computetypes.Input{{Path: "a.txt", Blob: blob}}
	return spec, s.plain, nil
}

// impossible never ends.
func impossible(ctx context.Context, s *stage, _ int) (computetypes.JobSpec, answer, error) {
	spec := s.spec()
	spec.Program = s.content.blob([]byte(endless))
	right, err := s.lab.compute(ctx, small(endless))
	return spec, right, err
}

// dice is a program that asks for a random number and for the time, and fails unless both are
// even. If machines answered from their own sources, they would find different results.
//
//	random_get(0, 8); clock_time_get(realtime, 1, 8)
//	if (i64.load(0) ^ i64.load(8)) & 1 { unreachable }
const dice = "\x00asm\x01\x00\x00\x00" +
	"\x01\x11\x03\x60\x02\x7f\x7f\x01\x7f\x60\x03\x7f\x7e\x7f\x01\x7f\x60\x00\x00" +
	"\x02\x4d\x02" +
	"\x16wasi_snapshot_preview1\x0arandom_get\x00\x00" +
	"\x16wasi_snapshot_preview1\x0eclock_time_get\x00\x01" +
	"\x03\x02\x01\x02" +
	"\x05\x03\x01\x00\x01" +
	"\x07\x13\x02\x06_start\x00\x02\x06memory\x02\x00" +
	"\x0a\x28\x01\x26\x00" +
	"\x41\x00\x41\x08\x10\x00\x1a" +
	"\x41\x00\x42\x01\x41\x08\x10\x01\x1a" +
	"\x41\x00\x29\x03\x00\x41\x08\x29\x03\x00\x85" +
	"\x42\x01\x83\x50\x04\x40\x05\x00\x0b\x0b"

// random tries to make honest nodes find different results.
func random(ctx context.Context, s *stage, _ int) (computetypes.JobSpec, answer, error) {
	spec := s.spec()
	spec.Program = s.content.blob([]byte(dice))
	right, err := s.lab.compute(ctx, small(dice))
	return spec, right, err
}

// trap serves its input to the first few nodes that fetch it and to none after them.
func trap(_ context.Context, s *stage, n int) (computetypes.JobSpec, answer, error) {
	var came atomic.Int32
	raw := fmt.Appendf(nil, "only for some %d", n)
	spec := s.spec()
	spec.LifetimeBlocks = trapLifetime
	blob := s.content.withheld("/trap/"+strconv.Itoa(n), raw, func(w http.ResponseWriter, r *http.Request) {
		if came.Add(1) > trapServed {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(raw)
	})
	spec.Inputs = []computetypes.Input{{Path: "a.txt", Blob: blob}}
	return spec, s.plain, nil
}
