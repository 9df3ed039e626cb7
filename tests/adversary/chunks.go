package adversary

import (
	"context"
	"fmt"
	"math"
	"strconv"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// chunkTasks is the number of tasks of a chunk, and chunkJobs the number of jobs of a row,
	// of chunksPerJob chunks each.
	chunkTasks, chunkJobs, chunksPerJob = 20, 10, 3
	// chunkSamples is the number of samples of an audit if all tasks use what they may.
	chunkSamples = 4
	// chunkShare is the divisor of the reward of the usual job that gives the reward of a task
	// of a chunk.
	chunkShare = 20
	// chunkRing is the number of nodes of the ring.
	chunkRing = 4
	// rareChunkBps is the probability of an audit, in basis points, in the row in which not
	// every chunk is audited.
	rareChunkBps = 2_500
)

// chunkLiar is a ring whose replicas skip a part of each chunk. Its auditors repeat the lies of
// its replicas, and its nodes do not judge.
type chunkLiar struct {
	label string
	// auditBps is the probability of an audit, in basis points.
	auditBps uint32
	// uneven reports whether one task in ten uses five times as much fuel as the others.
	uneven bool
	part   partTactics
	// mostFuel reports whether the ring states the most fuel for the tasks that it skips.
	mostFuel bool
}

// chunkLiars are behaviours of nodes that do not execute all of a chunk.
func chunkLiars() []behaviour {
	one := func(position uint32) bool { return position == 7 }
	half := func(position uint32) bool { return position%2 == 0 }
	every := func(uint32) bool { return true }
	light := func(position uint32) bool { return !isHeavy(position) }
	return []behaviour{
		chunkLiar{label: "skips one task of a chunk", auditBps: computetypes.BasisPoints, part: partTactics{skips: one}},
		chunkLiar{label: "skips half of a chunk", auditBps: computetypes.BasisPoints, part: partTactics{skips: half}},
		chunkLiar{label: "skips a whole chunk", auditBps: computetypes.BasisPoints, part: partTactics{skips: every}},
		chunkLiar{
			label: "skips a whole chunk, and states little fuel", auditBps: computetypes.BasisPoints,
			part: partTactics{skips: every, states: 1},
		},
		chunkLiar{label: "skips the heavy tasks", auditBps: computetypes.BasisPoints, uneven: true, part: partTactics{skips: isHeavy}},
		chunkLiar{
			label: "skips the light tasks, and bills them as heavy", auditBps: computetypes.BasisPoints, uneven: true,
			part: partTactics{skips: light}, mostFuel: true,
		},
		chunkLiar{label: "shows only true samples", auditBps: computetypes.BasisPoints, part: partTactics{skips: one, hides: true}},
		chunkLiar{label: "commits to a part, and lies there", auditBps: computetypes.BasisPoints, part: partTactics{skips: one, first: chunkTasks / 2}},
		chunkLiar{label: "skips half of a chunk", auditBps: rareChunkBps, part: partTactics{skips: half}},
	}
}

// isHeavy reports whether the task at a position of an uneven chunk is heavy.
func isHeavy(position uint32) bool { return position%10 == heavyDigit-'0' }

func (b chunkLiar) name() string { return b.label }

func (b chunkLiar) chance() float64 { return bps(b.auditBps) }

// tasks returns the right answers of the tasks of a job.
func (b chunkLiar) tasks(ctx context.Context, s *stage) ([]answer, error) {
	each := make([]answer, chunksPerJob*chunkTasks)
	for i := range each {
		arg := b.arg()
		if arg != alike {
			arg = strconv.Itoa(i)
		} else if i > 0 {
			each[i] = each[0]
			continue
		}
		var err error
		if each[i], err = s.lab.compute(ctx, small(uneven(), arg)); err != nil {
			return nil, err
		}
	}
	return each, nil
}

// alike is an argument with which all tasks of an uneven program are light.
const alike = "light"

// arg returns the argument of the program.
func (b chunkLiar) arg() string {
	if b.uneven {
		return "{task}"
	}
	return alike
}

// array returns the job of which a ring skips parts. A task may use as much fuel as the heaviest
// does.
func (b chunkLiar) array(s *stage, each []answer) computetypes.JobSpec {
	spec := s.spec()
	spec.Tasks, spec.ChunkTasks = uint64(len(each)), chunkTasks
	spec.Sink += "/{task}"
	spec.Reward = sdk.NewCoin(params.BaseDenom, sdkmath.NewIntWithDecimal(reward, params.DisplayExponent).QuoRaw(chunkShare))
	spec.Policy = computetypes.Policy{
		Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: b.auditBps, Auditors: 1, Samples: chunkSamples,
	}
	spec.CommitBlocks = 4 * commitBlocks
	spec.Program, spec.Args = s.content.blob([]byte(uneven())), []string{b.arg()}
	spec.Resources.Fuel = 0
	for _, right := range each {
		spec.Resources.Fuel = max(spec.Resources.Fuel, right.fuel)
	}
	return spec
}

func (b chunkLiar) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{Behaviour: b.label, Policy: fmt.Sprintf("AUDIT(%g, 1), chunks of %d", b.chance(), chunkTasks), Jobs: chunkJobs * chunksPerJob}
	each, err := b.tasks(ctx, s)
	if err != nil {
		return row, err
	}
	spec := b.array(s, each)
	if b.mostFuel {
		b.part.states = spec.Resources.Fuel
	}
	f := strangers(chunkRing, tactics{claims: onlyReplicas, part: b.part})
	hands, err := s.enlist(ctx, f)
	if err != nil {
		return row, err
	}
	members := make(map[string]bool, len(hands))
	for _, h := range hands {
		members[h.address()] = true
	}
	for _, h := range hands {
		h.ring = members
		h.start(ctx)
	}
	before, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return row, err
	}
	posted, err := s.post(ctx, s.customer, spec, s.plain, chunkJobs)
	if err != nil {
		return row, err
	}
	s.mu.Lock()
	for _, id := range posted.ids {
		s.arrayTruths[id] = each
	}
	s.mu.Unlock()
	over, err := s.finish(ctx, posted.ids)
	if err != nil {
		return row, err
	}
	after, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return row, err
	}
	c := between(before, after)
	row.Gain, row.Loss = inTfuel(c.gain), inTfuel(c.loss)
	if err := b.predict(s, &row, each, over, members); err != nil {
		return row, err
	}
	row.Predicted -= row.Baseline + inTfuel(c.fees)
	return row.judged(), s.dismiss(ctx, f.class, hands)
}

// predict sums over the chunks of which a node of the ring was drawn as the replica, and those
// of others that it audited.
func (b chunkLiar) predict(s *stage, row *Row, each []answer, over []ended, members map[string]bool) error {
	t := s.chunkTerms(b.chance())
	friend := float64(chunkRing-1) / float64(s.honest()+chunkRing-1)
	found, shielded, variance := 0, 0, 0.0
	for _, e := range over {
		if l := inTfuel(e.job.Liability); math.Abs(l-t.liability) > liabilityTolerance*t.liability {
			return fmt.Errorf("liability: expected %g, found %g", t.liability, l)
		}
		t.liability = inTfuel(e.job.Liability) // the chain's table of exponentials rounds up
		for _, r := range e.receipts {
			replica, auditor := firstOf(r)
			switch {
			case members[replica.Operator]:
				row.Trials++
				p := b.chunk(t, each, r)
				outcome := p.outcome(b.chance(), friend)
				row.Predicted, row.Baseline, variance = row.Predicted+outcome.mean, row.Baseline+p.worth(b.chance(), friend), variance+outcome.variance
				if replica.Slashed.IsPositive() {
					found++
				}
				if members[auditor.Operator] {
					shielded++
				}
			case members[auditor.Operator]:
				pay := t.reward * t.kept * float64(sampleOf(each[r.Task:r.Task+r.Count], nil))
				row.Predicted, row.Baseline = row.Predicted+pay, row.Baseline+pay
			}
		}
	}
	row.Spread = math.Sqrt(variance)
	row.Formula = fmt.Sprintf("Σ over n chunks of its replicas of pay·(1-P) - L·P, P = q·(1-f)·(1-C(t-z,K)/C(t,K)), and the pay of auditors of the ring - gas, against the pay of the work that it has done, q = %g, f = %.3f, L = %.4g, %d nodes",
		b.chance(), friend, t.liability, chunkRing)
	row.Note = fmt.Sprintf("%d of %d chunks were found out, %d were audited by the ring itself; %d of %d chunks accepted",
		found, row.Trials, shielded, accepted(over), chunkCount(over))
	return nil
}

// chunkCount returns the number of chunks that have ended.
func chunkCount(over []ended) int {
	n := 0
	for _, e := range over {
		n += len(e.receipts)
	}
	return n
}

// firstOf returns the outcomes of the replica and of the auditor of a chunk's first round. It
// leaves out nodes that did not commit.
func firstOf(r computetypes.Receipt) (replica, auditor computetypes.Outcome) {
	for _, o := range r.Outcomes {
		switch {
		case o.Round > 0 || o.Status == computetypes.ASSIGNMENT_STATUS_MISSED || o.Status == computetypes.ASSIGNMENT_STATUS_RELEASED:
		case replica.Operator == "":
			replica = o
		default:
			auditor = o
		}
	}
	return replica, auditor
}
