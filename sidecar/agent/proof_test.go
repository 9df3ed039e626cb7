package agent

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// truth proves the real state of the fake chain.
type truth struct {
	*fakeChain

	mu sync.Mutex
	// down is the reason why nothing can be proven.
	down error
	// lag is the number of blocks by which proofs are behind the newest block.
	lag int64
	// asked is the number of calls.
	asked int
	// newest and at are the newest header that was proven.
	newest int64
	at     time.Time
	// jobsOnly means that jobs are proven and tasks are not.
	jobsOnly bool
}

func (p *truth) set(change func(*truth)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *truth) Tasks(_ context.Context, refs []computetypes.ChunkRef) ([]chain.Proven, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.down != nil {
		return nil, p.down
	}
	list := make([]chain.Proven, len(refs))
	for i, ref := range refs {
		list[i] = p.proven(ref)
		p.reached(list[i].Height)
	}
	return list, nil
}

// reached notes the header of a height, whose block is as old as the proofs are behind.
func (p *truth) reached(height int64) {
	p.newest, p.at = height, time.Now().Add(-time.Duration(p.lag)*time.Second)
}

func (p *truth) Newest() (int64, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.newest, p.at
}

func (p *truth) proven(ref computetypes.ChunkRef) chain.Proven {
	id, err := computetypes.ParseJobID(ref.JobId)
	p.fakeChain.mu.Lock()
	defer p.fakeChain.mu.Unlock()
	found := chain.Proven{Height: p.height - p.lag, ID: id, Index: ref.Task, Err: err}
	t := p.findTask(ref.JobId, ref.Task)
	if t == nil {
		return found
	}
	job, spec := p.job(t), t.spec
	if !t.askedAgain(found.Height) {
		job.Redelivery = nil
	}
	found.Job, found.Spec = &job, &spec
	if t.record.Ended() || len(t.record.Rounds) == 0 || p.jobsOnly {
		return found
	}
	record := p.copied(t)
	found.Task = &record
	return found
}

func (p *truth) Serves(_ context.Context, _, operator sdk.AccAddress) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.down != nil:
		return p.down
	case !operator.Equals(p.operator):
		return chain.ErrContradicted
	}
	return nil
}

func (p *truth) Follow(context.Context) (int64, error) {
	p.fakeChain.mu.Lock()
	height := p.height
	p.fakeChain.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down == nil {
		p.reached(height - p.lag)
	}
	return height - p.lag, p.down
}

func (p *truth) Grounds() string { return "proven by the test" }

// liar is a node that reports a false state of the fake chain.
type liar struct {
	*fakeChain
	work func(*chain.Work)
	job  func(*computetypes.Job, *computetypes.JobSpec)
	node func(*edgenodetypes.Node)
	asks func(*chain.Redeliveries)
	// receipt is an invented receipt of every task.
	receipt *computetypes.Receipt
}

func (l *liar) Receipt(ctx context.Context, id string, task uint64) (receipt computetypes.Receipt, err error) {
	receipt, err = l.fakeChain.Receipt(ctx, id, task)
	l.read(func() {
		if l.receipt != nil {
			receipt, err = *l.receipt, nil
		}
	})
	return receipt, err
}

func (l *liar) Assignments(ctx context.Context, operator string) (chain.Work, error) {
	work, err := l.fakeChain.Assignments(ctx, operator)
	if l.work != nil {
		l.read(func() { l.work(&work) })
	}
	return work, err
}

func (l *liar) Job(ctx context.Context, id string) (computetypes.Job, computetypes.JobSpec, error) {
	job, spec, err := l.fakeChain.Job(ctx, id)
	if l.job != nil && err == nil {
		l.job(&job, &spec)
	}
	return job, spec, err
}

func (l *liar) Node(ctx context.Context, worker string) (edgenodetypes.Node, error) {
	node, err := l.fakeChain.Node(ctx, worker)
	if l.node != nil {
		l.node(&node)
	}
	return node, err
}

func (l *liar) Redeliveries(ctx context.Context, from int64, page []byte) (chain.Redeliveries, error) {
	list, err := l.fakeChain.Redeliveries(ctx, from, page)
	if l.asks != nil {
		l.asks(&list)
	}
	return list, err
}

// lied returns a world with a lying node and a chain whose state can be proven.
func lied(t *testing.T) (*world, *liar, *truth) {
	w := newWorld(t)
	node, prover := &liar{fakeChain: w.chain}, &truth{fakeChain: w.chain}
	w.config.Chain, w.config.Prover = node, prover
	return w, node, prover
}

// requireSecret requires that no secret of a result has left the machine.
func (w *world) requireSecret() {
	w.t.Helper()
	w.chain.read(func() {
		for _, batch := range w.chain.batches {
			require.Empty(w.t, batch.Reveals)
			require.Empty(w.t, batch.Opens)
		}
	})
	w.web.set(func(web *fakeWeb) { require.Zero(w.t, web.puts) })
}

func (w *world) untilTrouble(a *Agent, text string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		return strings.Contains(a.Status().LastError, text) || strings.Contains(a.Status().Unproven, text)
	},
		patience, time.Millisecond, "expected trouble with %q, found %q", text, a.Status().LastError)
}

func TestWhatIsProvenGoesTheWholeWay(t *testing.T) {
	for name, lag := range map[string]int64{"at once": 0, "two blocks late": 2} {
		t.Run(name, func(t *testing.T) {
			w, _, prover := lied(t)
			prover.lag = lag
			task := w.chain.post(w.web, 1, under(quorum))
			w.chain.liars[w.chain.nodes[0].String()] = true
			defer w.chain.blocks(2 * time.Millisecond)()
			a, stop := w.run()
			defer stop()
			record := w.untilPhase(task, store.PhaseSettled)
			require.Equal(t, "paid", record.Verdict.Status)
			require.True(t, record.Delivered)
			require.True(t, record.SinkProven)
			w.chain.read(func() { require.True(t, task.opened(record.ResultDigest), "the digest was opened") })
			require.Equal(t, "proven by the test", a.Status().Proof)
			require.Empty(t, a.Status().Unproven)
		})
	}
}

// TestATagStaysUntilTheChainIsProvenToAskForIt: a node could falsely report that the other
// nodes have committed. It would then receive the tag, the salt and the outputs while its own
// machine can still commit to them.
func TestATagStaysUntilTheChainIsProvenToAskForIt(t *testing.T) {
	for name, lie := range map[string]func(*computetypes.WorkItem){
		"all have committed": func(i *computetypes.WorkItem) {
			i.Phase, i.RevealDeadline = computetypes.ROUND_PHASE_REVEAL, i.RevealDeadline+1
		},
		"the deadline is near": func(i *computetypes.WorkItem) {
			i.Phase, i.RevealDeadline = computetypes.ROUND_PHASE_REVEAL, 1
		},
		"a later round runs": func(i *computetypes.WorkItem) { i.CurrentRound++ },
		"it was revealed, and the digest is awaited": func(i *computetypes.WorkItem) {
			i.Assignment.Status, i.MustOpen, i.CurrentRound = computetypes.ASSIGNMENT_STATUS_REVEALED, true, 1
		},
		"its review runs": func(i *computetypes.WorkItem) {
			i.Assignment.Status, i.Phase = computetypes.ASSIGNMENT_STATUS_REVEALED, computetypes.ROUND_PHASE_REVIEW
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, node, prover := lied(t)
			w.chain.othersCommit = false
			node.work = func(work *chain.Work) {
				for i := range work.Items {
					if work.Items[i].Assignment.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED {
						lie(&work.Items[i])
					}
				}
			}
			task := w.chain.post(w.web, 1, under(quorum))
			defer w.chain.blocks(2 * time.Millisecond)()
			_, stop := w.run()
			defer stop()
			w.until("a commitment", func() bool { return len(task.commitments) == 1 })
			var asked int
			prover.set(func(p *truth) { asked = p.asked })
			w.until("some blocks", func() bool { return w.chain.height > 200 })
			prover.set(func(p *truth) { require.GreaterOrEqual(t, p.asked, asked) })
			w.requireSecret()
		})
	}
}

func TestAnAssignmentThatANodeHidesBehindAnInventedReceiptDoesNotEnd(t *testing.T) {
	w, node, prover := lied(t)
	w.chain.othersCommit = false
	task := w.chain.post(w.web, 1, under(quorum))
	gone := false
	node.work = func(work *chain.Work) {
		if gone {
			work.Items = nil
		}
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("a commitment", func() bool { return len(task.commitments) == 1 })
	record := w.untilPhase(task, store.PhaseCommitted)
	// The node hides the assignment and shows an invented receipt.
	w.chain.read(func() {
		gone = true
		tags := make([][]byte, 1)
		tags[0] = record.Tag
		node.receipt = &computetypes.Receipt{
			JobId: task.ref.JobId, Status: computetypes.CHUNK_STATUS_ACCEPTED, Tags: tags,
			Outcomes: []computetypes.Outcome{{Operator: w.chain.operator.String(), Status: computetypes.ASSIGNMENT_STATUS_PAID, Paid: math.OneInt(), Slashed: math.ZeroInt(), Share: math.ZeroInt()}},
		}
	})
	// The chain itself does not have a receipt, and the task continues.
	prover.set(func(p *truth) { p.down = errors.New("not proven here") })
	w.untilTrouble(a, "not proven here")
	prover.set(func(p *truth) { p.down = nil })
	w.untilTrouble(a, "does not show assignment")
	require.Equal(t, store.PhaseCommitted, w.record(task).Phase)
	w.requireSecret()
	// The node shows the truth again, and nothing is lost.
	w.chain.read(func() { gone, node.receipt, w.chain.othersCommit = false, nil, true })
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

func TestWithoutProofsWorkGoesOnAndSecretsStay(t *testing.T) {
	w, _, prover := lied(t)
	prover.down = errors.New("connection refused")
	prover.lag = 0
	w.chain.othersCommit = false
	// The job was proven before its endpoints went away.
	task := w.chain.post(w.web, 1, under(quorum))
	blocks := w.chain.blocks(2 * time.Millisecond)
	defer blocks()
	a, stop := w.run()
	w.until("some blocks", func() bool { return w.chain.height > 100 })
	w.untilTrouble(a, "connection refused")
	w.chain.read(func() { require.Zero(t, w.chain.claims, "nothing is claimed whose terms are not proven") })
	prover.set(func(p *truth) { p.down = nil })
	w.untilPhase(task, store.PhaseCommitted)
	prover.set(func(p *truth) { p.down = errors.New("connection refused") })
	w.chain.read(func() { w.chain.othersCommit = true })
	w.until("reveals", func() bool { return task.phase() == computetypes.ROUND_PHASE_REVEAL })
	w.waits(a, task, "a proof that the chain asks for it (chain.verify)")
	w.untilTrouble(a, "connection refused")
	w.requireSecret()
	stop()
	// The same holds after a restart.
	w.config.Registry = nil
	a, stop = w.run()
	defer stop()
	w.untilTrouble(a, "connection refused")
	w.requireSecret()
	prover.set(func(p *truth) { p.down = nil })
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Len(t, task.commitments, 1)
}

// TestWorkForAJobThatTheChainDoesNotHaveIsDoneAgain: a node that shows another program could
// make the machine commit to the result of that program and lose its bond.
func TestWorkForAJobThatTheChainDoesNotHaveIsDoneAgain(t *testing.T) {
	w, node, prover := lied(t)
	w.chain.othersCommit = false
	task := w.chain.post(w.web, 1)
	other := w.chain.post(w.web, 2)
	var program computetypes.Blob
	w.chain.read(func() {
		program = other.spec.Program
		w.chain.tasks = slices.DeleteFunc(w.chain.tasks, func(t *fakeTask) bool { return t == other })
	})
	// The node has already been drawn, so that it works whether or not anything is proven.
	w.chain.claimed(task)
	prover.down = errors.New("connection refused")
	node.job = func(_ *computetypes.Job, spec *computetypes.JobSpec) { spec.Program = program }
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseExecuted)
	w.waits(a, task, "a proof of the job (chain.verify)")
	w.chain.read(func() { require.Empty(t, task.commitments) })
	prover.set(func(p *truth) { p.down = nil })
	w.until("a commitment", func() bool { return len(task.commitments) == 1 })
	require.Equal(t, 2, w.engine.executions())
	require.Equal(t, workDigest(&task.spec), w.record(task).Work)
}

// TestWorkUnderKeysThatTheChainDoesNotHaveIsDoneAgain: under another key, the trace is
// different and the tag is false.
func TestWorkUnderKeysThatTheChainDoesNotHaveIsDoneAgain(t *testing.T) {
	w, node, prover := lied(t)
	w.chain.othersCommit = false
	task := w.chain.post(w.web, 1)
	prover.down = errors.New("connection refused")
	w.chain.claimed(task)
	node.work = func(work *chain.Work) {
		for i := range work.Items {
			work.Items[i].TraceKeys = [][]byte{bytes.Repeat([]byte{9}, computetypes.HashSize)}
		}
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(task, store.PhaseExecuted)
	w.waits(a, task, "a proof of the job (chain.verify)")
	w.chain.read(func() { require.Empty(t, task.commitments) })
	prover.set(func(p *truth) { p.down = nil })
	w.until("a commitment", func() bool { return len(task.commitments) == 1 })
	require.Equal(t, 2, w.engine.executions())
	w.chain.read(func() { require.Equal(t, [][]byte{task.record.Rounds[0].TraceKey}, w.record(task).TraceKeys) })
}

func TestTermsThatTheChainDoesNotHaveAreNotClaimed(t *testing.T) {
	for name, c := range map[string]struct {
		policy func(*bid.Policy)
		lie    func(*computetypes.Job, *computetypes.JobSpec)
	}{
		"a friend's job": {
			func(p *bid.Policy) { p.DenyRequesters = []string{"stranger"} },
			func(j *computetypes.Job, _ *computetypes.JobSpec) { j.Requester = "friend" },
		},
		"a reward that is not paid": {
			func(p *bid.Policy) { p.MinRewards = sdk.NewCoins(sdk.NewInt64Coin("atfuel", 2000)) },
			func(_ *computetypes.Job, s *computetypes.JobSpec) { s.Reward = sdk.NewInt64Coin("atfuel", 5000) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, node, prover := lied(t)
			prover.lag = 1
			node.job = c.lie
			c.policy(&w.config.Policy)
			task := w.chain.post(w.web, 1)
			w.chain.read(func() { task.requester = "stranger" })
			defer w.chain.blocks(2 * time.Millisecond)()
			_, stop := w.run()
			defer stop()
			w.until("some blocks", func() bool { return w.chain.height > 100 })
			w.chain.read(func() { require.Zero(t, w.chain.claims) })
		})
	}
}

func TestOutputsGoWhereTheChainIsProvenToSendThem(t *testing.T) {
	t.Run("not to the sink of a node's own job", func(t *testing.T) {
		w, node, prover := lied(t)
		node.job = func(_ *computetypes.Job, spec *computetypes.JobSpec) { spec.Sink = "http://liar.example/v1/drops/mine" }
		prover.lag = 1
		task := w.chain.post(w.web, 1)
		defer w.chain.blocks(2 * time.Millisecond)()
		_, stop := w.run()
		defer stop()
		record := w.untilPhase(task, store.PhaseSettled)
		require.True(t, record.Delivered)
		require.True(t, w.web.holds(task.spec.Sink+"/"+hex.EncodeToString(record.ResultDigest)))
		require.False(t, w.web.holds("http://liar.example/v1/drops/mine/"+hex.EncodeToString(record.ResultDigest)))
	})
	t.Run("not where they were asked for before, while the request is not proven", func(t *testing.T) {
		w, _, prover := lied(t)
		task := w.chain.post(w.web, 1)
		defer w.chain.blocks(2 * time.Millisecond)()
		_, stop := w.run()
		defer stop()
		require.True(t, w.untilPhase(task, store.PhaseSettled).Delivered)
		prover.set(func(p *truth) { p.lag = 20 })
		var before int
		w.web.set(func(web *fakeWeb) { before = web.puts })
		const elsewhere = "http://other.example/v1/drops/box"
		w.chain.askAgain(elsewhere, task)
		require.Eventually(t, func() bool { return w.web.holds(manifestAt(elsewhere, w.record(task))) }, patience, time.Millisecond)
		w.untilDelivered(task)
		w.web.set(func(web *fakeWeb) {
			for address := range web.drops {
				if strings.HasPrefix(address, elsewhere) {
					before++
				}
			}
			require.Equal(t, before, web.puts, "the old sink gets nothing")
		})
	})
	t.Run("not where nobody has asked for them again", func(t *testing.T) {
		w, node, _ := lied(t)
		task := w.chain.post(w.web, 1)
		defer w.chain.blocks(2 * time.Millisecond)()
		_, stop := w.run()
		defer stop()
		record := w.untilPhase(task, store.PhaseSettled)
		var height int64
		w.chain.read(func() {
			height = w.chain.height
			node.asks = func(list *chain.Redeliveries) {
				list.Requests = []computetypes.JobRedelivery{{
					JobId: task.ref.JobId, Redelivery: computetypes.Redelivery{Sink: "http://liar.example/v1/drops/mine", Height: height},
				}}
			}
		})
		require.Eventually(t, func() bool {
			again := w.record(task)
			return again.Requested == height && again.Delivered
		}, patience, time.Millisecond, "what is asked for goes to the sink of the chain")
		require.Equal(t, record.Sink, w.record(task).Sink)
		w.web.set(func(web *fakeWeb) {
			for address := range web.drops {
				require.NotContains(t, address, "liar.example")
			}
		})
	})
}

// TestAnOperatorThatIsNotProvenIsShownNothing: a node that is taken for the operator's node
// could use the commitment of this machine as its own, and wait for the reveal.
func TestAnOperatorThatIsNotProvenIsShownNothing(t *testing.T) {
	w, node, _ := lied(t)
	w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.chain.read(func() {
		node.node = func(n *edgenodetypes.Node) { n.Profile.Operator = sdk.AccAddress("another operator....").String() }
	})
	w.untilTrouble(a, "contradicts the chain")
	w.until("some blocks", func() bool { return w.chain.height > 100 })
	w.requireSecret()
}

// TestAHeightFarAheadKeepsNoOutputsHere: a node may name any height for a request.
func TestAHeightFarAheadKeepsNoOutputsHere(t *testing.T) {
	w, _, prover := lied(t)
	task := w.chain.post(w.web, 1)
	end := w.chain.blocks(2 * time.Millisecond)
	_, stop := w.run()
	record := w.untilPhase(task, store.PhaseSettled)
	stop()
	end()
	var height int64
	w.chain.read(func() { height = w.chain.height })
	record.Requested = height + 1
	_, err := clearDelivery(t.Context(), prover, &record)
	require.ErrorIs(t, err, errNotCleared, "the request may be in the next block that is proven")
	record.Requested = 1 << 40
	proof, err := clearDelivery(t.Context(), prover, &record)
	require.NoError(t, err)
	require.Equal(t, task.spec.Sink, proof.sink)
}
