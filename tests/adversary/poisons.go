package adversary

import (
	"context"
	"fmt"
	"syscall"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/sidecar/config"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// poisonCommit is the commit window of a poisoned task, which is the shortest possible.
	// poisonBlocks is the number of blocks that an ordinary program would need for its fuel.
	poisonCommit, poisonBlocks = minCommitBlocks, 10
	// poisonPrepare is its prepare window, the shortest.
	poisonPrepare = 5
	// killPrepare and killCommit leave time to give back a task whose worker hangs.
	killPrepare, killCommit = 400, 500
	// killBlocks is the number of blocks for which its program would run.
	killBlocks = 100
)

// vandals are requesters who want no node to finish what they post.
func vandals() []behaviour { return []behaviour{workerKiller{}, poisoner{}, idler{}} }

// vandal is the owner of an account that posts.
type vandal struct {
	wallet purse
	before money
	keys   []keyPair
	// fees are gas and posting fees so far, in atfuel.
	fees math.Int
}

// vandalise funds some accounts with this many whole tfuel each.
func (s *stage) vandalise(ctx context.Context, accounts int, tfuel int64) (*vandal, error) {
	v := &vandal{fees: math.ZeroInt()}
	for range accounts {
		key := newKeyPair()
		if err := s.fund(ctx, tfuel, key.Address()); err != nil {
			return nil, err
		}
		v.keys, v.wallet.accounts = append(v.keys, key), append(v.wallet.accounts, key.Address().String())
	}
	var err error
	v.before, err = s.read(ctx, v.wallet)
	return v, err
}

// post posts n jobs from one of the accounts.
func (v *vandal) post(ctx context.Context, s *stage, account int, spec computetypes.JobSpec, n int) ([]string, error) {
	posted, err := s.post(ctx, s.senders.of(v.keys[account], 1), spec, s.plain, n)
	if err == nil {
		v.fees = v.fees.Add(posted.fees)
	}
	return posted.ids, err
}

// account fills in what ended jobs have cost their author and honest nodes.
func (v *vandal) account(ctx context.Context, s *stage, row *Row, t terms, over []ended) (empty int, err error) {
	counts, err := s.drawCounts(ctx, over)
	if err != nil {
		return 0, err
	}
	after, err := s.read(ctx, v.wallet)
	if err != nil {
		return 0, err
	}
	c := between(v.before, after)
	row.Gain, row.Loss, row.Predicted = inTfuel(c.gain), inTfuel(c.loss), -inTfuel(v.fees)
	for i := range over {
		job := over[i].job.Id
		empty += counts[job].empty
		if len(over[i].receipts) != 1 || accepted(over[i:i+1]) > 0 {
			return empty, fmt.Errorf("expected job %s to end without a result, found %s", job, over[i].job.Status)
		}
		row.Predicted -= t.vain(&over[i].receipts[0], counts[job].empty)
		row.HarmPredicted += t.harm(&over[i].receipts[0])
	}
	return empty, nil
}

// seats counts the seats of jobs that ended with a status.
func seats(over []ended, status computetypes.AssignmentStatus) int {
	n := 0
	for i := range over {
		for j := range over[i].receipts {
			n += count(over[i].receipts[j].Outcomes, status)
		}
	}
	return n
}

// usualRate returns the fuel that a machine certainly uses per block, according to its
// settings.
func usualRate() uint64 {
	rates, err := config.Default().Policy.Rates()
	if err != nil {
		panic(err)
	}
	return rates.Rate(wasm.Profile)
}

// poisoner posts programs that are slower than any machine expects: each drawn node misses
// the deadline.
type poisoner struct{}

func (poisoner) name() string { return "poisons a task" }

func (p poisoner) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: p.name(), Policy: quorumPolicy, Jobs: badJobs,
		Formula: "-n·attempt·R - draws in vain - posting - gas, n = deadlines missed: each costs its node fault·R and no point towards jail",
	}
	v, err := s.vandalise(ctx, 1, 4*replicas*badJobs*reward)
	if err != nil {
		return row, err
	}
	spec := s.spec()
	spec.Program = s.content.blob([]byte(slow()))
	spec.Resources.Fuel = poisonBlocks * usualRate()
	spec.PrepareBlocks, spec.CommitBlocks = poisonPrepare, poisonCommit
	ids, err := v.post(ctx, s, 0, spec, badJobs)
	if err != nil {
		return row, err
	}
	over, err := s.finish(ctx, ids)
	if err != nil {
		return row, err
	}
	empty, err := v.account(ctx, s, &row, s.terms(), over)
	if err != nil {
		return row, err
	}
	row.Trials = seats(over, computetypes.ASSIGNMENT_STATUS_MISSED)
	row.Note = fmt.Sprintf("%d deadlines missed in %d jobs, %d draws in vain; honest nodes paid %.4f in fees", row.Trials, badJobs, empty, row.HarmPredicted)
	if row.Trials < replicas*badJobs {
		return row, fmt.Errorf("expected at least %d deadlines to be missed, found %d", replicas*badJobs, row.Trials)
	}
	return row.judged(), nil
}

// workerKiller posts a program that ends every worker, and one that makes it hang.
type workerKiller struct{}

func (workerKiller) name() string { return "kills workers" }

func (k workerKiller) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: k.name(), Policy: quorumPolicy, Jobs: 2,
		Formula: "-(max(M, min(n, M+2))·seat + h·attempt·R) a job - draws in vain - posting - gas, n = nodes that gave it back, for nothing, h = nodes that held it when that was spent: who has lost a worker does not commit, and goes on with other work",
	}
	v, err := s.vandalise(ctx, 2, 4*replicas*reward)
	if err != nil {
		return row, err
	}
	dead, err := k.strike(ctx, s, v, 0, "ends its worker", syscall.SIGKILL)
	if err != nil {
		return row, err
	}
	over, err := s.finish(ctx, dead.jobs)
	if err != nil {
		return row, err
	}
	killed := dead.reaper.end()
	hung, err := k.strike(ctx, s, v, 1, "hangs its worker", syscall.SIGSTOP)
	if err != nil {
		return row, err
	}
	// The same machines serve other jobs meanwhile.
	posted, err := s.post(ctx, s.customer, s.spec(), s.plain, wave)
	if err != nil {
		return row, err
	}
	others, err := s.finish(ctx, posted.ids)
	if err != nil {
		return row, err
	}
	more, err := s.finish(ctx, hung.jobs)
	if err != nil {
		return row, err
	}
	stopped := hung.reaper.end()
	over = append(over, more...)
	empty, err := v.account(ctx, s, &row, s.terms(), over)
	if err != nil {
		return row, err
	}
	row.Trials = killed + stopped
	row.Note = fmt.Sprintf("%d workers ended, %d hung; %d seats given back, %d held to the end, %d draws in vain; %d of %d jobs of others accepted meanwhile",
		killed, stopped, seats(over, computetypes.ASSIGNMENT_STATUS_RELEASED), seats(over, computetypes.ASSIGNMENT_STATUS_PAID), empty, accepted(others), wave)
	if killed < replicas || stopped < replicas || accepted(others) != wave {
		return row, fmt.Errorf("expected workers of %d nodes to be lost to each program and the others' jobs to go on: %s", replicas, row.Note)
	}
	return row.judged(), nil
}

// blow is a job whose workers are struck.
type blow struct {
	jobs   []string
	reaper *reaper
}

// strike posts a program and sends its workers a signal.
func (workerKiller) strike(ctx context.Context, s *stage, v *vandal, account int, name string, signal syscall.Signal) (b blow, err error) {
	program := named(name)
	spec := s.spec()
	spec.Program = s.content.blob([]byte(program))
	spec.Resources.Fuel = killBlocks * usualRate()
	spec.PrepareBlocks, spec.CommitBlocks = killPrepare, killCommit
	b.reaper = s.reap(ctx, program, signal)
	b.jobs, err = v.post(ctx, s, account, spec, 1)
	return b, err
}
