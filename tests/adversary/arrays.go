package adversary

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// arrayPolicy is the name of the policy of arrays in reports.
	arrayPolicy = "QUORUM(3), array"
	// arrayTasks is the number of tasks of an array; one task in lieEvery is lied about.
	arrayTasks, lieEvery = 24, 2
)

// arrayPlayers are behaviours that rely on many tasks in one job.
func arrayPlayers() []behaviour {
	return []behaviour{
		cheat{
			label: "lies now and then", policy: arrayPolicy, jobs: 2 * arrayTasks, forecast: nowAndThen,
			force: strangers(1, tactics{answer: lieNowAndThen}), spec: array(arrayTasks),
		},
		canceller{},
	}
}

// array turns a job into one with this many tasks.
func array(tasks uint64) func(*computetypes.JobSpec) {
	return func(spec *computetypes.JobSpec) {
		spec.Tasks = tasks
		if tasks > 1 {
			spec.Sink += "/{task}"
		}
	}
}

// liesAbout reports whether a task is one of those to lie about.
func liesAbout(task uint64) bool { return task%lieEvery == 0 }

// lieNowAndThen hides its lies among honest work of the same job.
func lieNowAndThen(_ context.Context, h *hand, item computetypes.WorkItem) *answer {
	found := h.stage.truth(item.Ref.JobId)
	if liesAbout(item.Ref.Task) {
		found = found.altered("now and then")
	}
	return &found
}

// nowAndThen compares the lies with honest work of the same node on all its tasks: each task
// is drawn and judged independently. The forecast does not depend on chance.
func nowAndThen(s *stage, r run) forecast {
	t, lies := s.terms(), 0
	for _, e := range r.over {
		for _, receipt := range e.receipts {
			for _, outcome := range receipt.Outcomes {
				if liesAbout(receipt.Task) && outcome.Operator == r.hands[0].address() {
					lies++
				}
			}
		}
	}
	honest := t.paidFor(float64(len(r.parts) - lies))
	return forecast{
		mean: honest - t.liability*float64(lies), baseline: t.paidFor(float64(len(r.parts))), trials: lies,
		formula: fmt.Sprintf("-n·(L + R·kept) - gas against honest work on the same %d parts, n = %d lies, L = %g", len(r.parts), lies, t.liability),
		note: fmt.Sprintf("%d slashed, %d paid; %d of %d tasks accepted with the right result", count(r.parts, computetypes.ASSIGNMENT_STATUS_SLASHED),
			count(r.parts, computetypes.ASSIGNMENT_STATUS_PAID), accepted(r.over), r.jobs),
	}
}

// canceller posts arrays for honest nodes and cancels each at a different moment. It hopes
// for results of tasks for which it does not pay.
type canceller struct{}

func (canceller) name() string { return "cancels half-way" }

// moments returns how many tasks of an array run or have been accepted when it is cancelled.
func (canceller) moments() []uint64 { return []uint64{1, 4, 8, arrayTasks / 2} }

func (b canceller) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: b.name(), Policy: arrayPolicy,
		Formula: "-accepted·M·R - held·attempt·R - burned - posting - gas: what nobody has committed to ends with the fee of each seat that is drawn, what somebody has is settled and paid",
	}
	key := newKeyPair()
	sender := s.senders.of(key, 1)
	if err := s.fund(ctx, int64(len(b.moments()))*(arrayTasks+1)*replicas*reward, key.Address()); err != nil {
		return row, err
	}
	wallet := purse{accounts: []string{key.Address().String()}}
	before, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	var over []ended
	fees := math.ZeroInt()
	for _, moment := range b.moments() {
		done, spent, err := b.cancel(ctx, s, sender, moment)
		if err != nil {
			return row, err
		}
		over, fees = append(over, done...), fees.Add(spent)
	}
	after, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	c, cancelled := between(before, after), endedAs(over, computetypes.CHUNK_STATUS_CANCELLED)
	row.Gain, row.Loss = inTfuel(c.gain), inTfuel(c.loss)
	row.Predicted = -s.terms().spending(over) - inTfuel(fees)
	row.Jobs, row.Trials = len(b.moments())*arrayTasks, len(cancelled)
	row.Note = fmt.Sprintf("%d tasks accepted, %d cancelled after they were opened; nodes had not delivered the %d replicas of these that they held",
		accepted(over), len(cancelled), held(cancelled))
	return row.judged(), nil
}

// cancel posts an array and cancels it once this many of its tasks run or have been accepted.
// It returns the outcome of the array and the fees. It returns an error if the requester got
// outputs that it did not pay for.
func (canceller) cancel(ctx context.Context, s *stage, requester *chain.Sender, moment uint64) ([]ended, math.Int, error) {
	spec := s.spec()
	spec.Sink = fmt.Sprintf("%s/cancelled-after-%d", spec.Sink, moment)
	array(arrayTasks)(&spec)
	posted, err := s.post(ctx, requester, spec, s.plain, 1)
	if err != nil {
		return nil, posted.fees, err
	}
	spent, err := s.cancelAfter(ctx, requester, posted.ids[0], moment)
	if err != nil {
		return nil, posted.fees, err
	}
	over, err := s.finish(ctx, posted.ids)
	if err != nil {
		return over, posted.fees, err
	}
	for _, receipt := range endedAs(over, computetypes.CHUNK_STATUS_CANCELLED) {
		if n := s.content.delivered(computetypes.TaskSink(spec.Sink, receipt.Task)); n > 0 {
			return over, posted.fees, fmt.Errorf("expected no outputs of task %d of job %s, which was cancelled, found %d", receipt.Task, receipt.JobId, n)
		}
	}
	return over, posted.fees.Add(spent), nil
}

// cancelAfter cancels a job once this many tasks run or have been accepted, and returns the
// fee.
func (s *stage) cancelAfter(ctx context.Context, requester *chain.Sender, id string, tasks uint64) (math.Int, error) {
	err := s.await(ctx, fmt.Sprintf("%d tasks of job %s", tasks, id), func() (bool, error) {
		job, _, err := s.reader.Job(ctx, id)
		return job.TasksOpened-job.ChunksWaiting >= tasks, err
	})
	if err != nil {
		return math.ZeroInt(), err
	}
	result, err := requester.Send(ctx, &computetypes.MsgCancelJob{Requester: requester.Address().String(), JobId: id})
	return s.rewards.MinGasPrice.MulRaw(result.GasWanted), err
}

// held counts the replicas of cancelled tasks that nodes held.
func held(cancelled []computetypes.Receipt) int {
	n := 0
	for _, receipt := range cancelled {
		n += count(receipt.Outcomes, computetypes.ASSIGNMENT_STATUS_PAID)
	}
	return n
}

// spending returns what a requester's tasks should have cost, in whole tfuel: the pay of
// nodes, and the amounts burned for draws that were not used.
func (t terms) spending(over []ended) float64 { return t.paying(over) + burned(over) }

// paying returns what a requester's tasks should have paid to nodes, in whole tfuel: the
// reward of each replica of accepted tasks, and the attempt fee of each node that held a
// cancelled task.
func (t terms) paying(over []ended) float64 {
	done := float64(accepted(over) * replicas)
	tried := float64(held(endedAs(over, computetypes.CHUNK_STATUS_CANCELLED)))
	return (done + t.attempt*tried) * t.reward
}

// burned returns the amounts that receipts report as burned, in whole tfuel.
func burned(over []ended) float64 {
	sum := 0.0
	for _, e := range over {
		for i := range e.receipts {
			sum += inTfuel(e.receipts[i].Burned)
		}
	}
	return sum
}
