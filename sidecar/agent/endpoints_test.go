package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// blamed are endpoints that remember whom they were told not to believe. They stand for two nodes,
// of which the preferred one lies: once it is blamed, the honest one answers.
type blamed struct {
	mu   sync.Mutex
	whys []string
	// honest makes the honest node answer.
	honest func()
	// highest is the height of the other node; 0 if it is not known.
	highest int64
}

func (b *blamed) Using() string { return "https://liar.example:443" }

func (b *blamed) Distrust(_, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.whys = append(b.whys, why)
	if b.honest != nil {
		b.honest()
	}
}

func (b *blamed) Ahead(height int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.highest > 0 && height > b.highest+leap {
		return fmt.Errorf("one names %d, the other %d", height, b.highest)
	}
	return nil
}

func (b *blamed) reasons() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.whys...)
}

// untilBlamed waits until a node was blamed for something.
func (w *world) untilBlamed(b *blamed, text string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		for _, why := range b.reasons() {
			if strings.Contains(why, text) {
				return true
			}
		}
		return false
	}, patience, time.Millisecond, "expected blame for %q", text)
}

// hides makes a node leave out all assignments with a status.
func hides(statuses ...computetypes.AssignmentStatus) func(*chain.Work) {
	return func(work *chain.Work) {
		var kept []computetypes.WorkItem
		for _, item := range work.Items {
			hidden := false
			for _, s := range statuses {
				hidden = hidden || item.Assignment.Status == s
			}
			if !hidden {
				kept = append(kept, item)
			}
		}
		work.Items = kept
	}
}

// alters makes a node show assignments with a status in another way.
func alters(s computetypes.AssignmentStatus, how func(*computetypes.WorkItem)) func(*chain.Work) {
	return func(work *chain.Work) {
		for i := range work.Items {
			if work.Items[i].Assignment.Status == s {
				how(&work.Items[i])
			}
		}
	}
}

func TestWhatThePreferredNodeHidesIsFoundOutAndNothingIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		lie    func(*chain.Work)
		why    string
		second bool
	}{
		"an assignment, and another node shows it": {hides(computetypes.ASSIGNMENT_STATUS_ASSIGNED), "does not show assignment", true},
		"an assignment that nobody else shows":     {hides(computetypes.ASSIGNMENT_STATUS_ASSIGNED), "does not show assignment", false},
		"a commitment":                             {hides(computetypes.ASSIGNMENT_STATUS_COMMITTED), "does not show assignment", true},
		"that the round waits for reveals": {alters(computetypes.ASSIGNMENT_STATUS_COMMITTED, func(i *computetypes.WorkItem) {
			i.Phase, i.RevealDeadline = computetypes.ROUND_PHASE_COMMIT, 0
		}), "waits for reveals", false},
		"how near a reveal's deadline is": {alters(computetypes.ASSIGNMENT_STATUS_COMMITTED, func(i *computetypes.WorkItem) {
			if i.RevealDeadline > 0 {
				i.RevealDeadline += 1000
			}
		}), "last block for the reveal", false},
		"how near a commitment's deadline is": {alters(computetypes.ASSIGNMENT_STATUS_ASSIGNED, func(i *computetypes.WorkItem) {
			i.Assignment.CommitDeadline += 1000
		}), "last block for the commitment", false},
	} {
		t.Run(name, func(t *testing.T) {
			w, node, _ := lied(t)
			watch := &blamed{honest: func() { node.read(func() { node.work = nil }) }}
			w.config.Endpoints = watch
			if c.second {
				w.config.Second = w.chain
			}
			w.engine.hold = make(chan struct{})
			node.work = c.lie
			task := w.chain.post(w.web, 1, under(quorum))
			// An execution that waits shows that the blame does not come after the end.
			if !strings.Contains(name, "commitment's") {
				close(w.engine.hold)
			}
			w.web.set(func(web *fakeWeb) {
				if strings.Contains(name, "reveal's") {
					web.putErr = errors.New("the sink is slow") // the reveal waits for the delivery
				}
			})
			defer w.chain.blocks(2 * time.Millisecond)()
			_, stop := w.run()
			defer stop()
			w.untilBlamed(watch, c.why)
			w.web.set(func(web *fakeWeb) { web.putErr = nil })
			if strings.Contains(name, "commitment's") {
				close(w.engine.hold)
			}
			record := w.untilPhase(task, store.PhaseSettled)
			require.Equal(t, "paid", record.Verdict.Status)
		})
	}
}

func TestWithoutProofsANodeThatHidesWhatAnotherShowsIsNotAsked(t *testing.T) {
	w := newWorld(t)
	node := &liar{fakeChain: w.chain, work: hides(computetypes.ASSIGNMENT_STATUS_ASSIGNED)}
	watch := &blamed{honest: func() { node.read(func() { node.work = nil }) }}
	w.config.Chain, w.config.Endpoints, w.config.Second = node, watch, w.chain
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilBlamed(watch, "which another node shows")
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

// inventing is a second node that lists assignments which do not exist.
type inventing struct{ *fakeChain }

func (i inventing) Assignments(ctx context.Context, operator string) (chain.Work, error) {
	work, err := i.fakeChain.Assignments(ctx, operator)
	for n := range uint64(50) {
		work.Items = append(work.Items, computetypes.WorkItem{
			Ref:        computetypes.ChunkRef{JobId: "1-0-0", Task: n},
			Assignment: computetypes.Assignment{Operator: operator, Status: computetypes.ASSIGNMENT_STATUS_ASSIGNED},
		})
	}
	return work, err
}

func TestAssignmentsThatASecondNodeInventsAreNobodysDuty(t *testing.T) {
	w, _, _ := lied(t)
	watch := &blamed{}
	w.config.Endpoints, w.config.Second = watch, inventing{w.chain}
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	w.until("some comparisons", func() bool { return w.chain.height > 100 })
	require.Empty(t, watch.reasons())
	records, err := w.journal.List(store.Filter{})
	require.NoError(t, err)
	require.Len(t, records, 1)
}

func TestAHeightThatNoOtherNodeIsNearIsProvenBeforeAnythingIsDone(t *testing.T) {
	w, _, prover := lied(t)
	far := &farChain{fakeChain: w.chain}
	watch := &blamed{highest: 1, honest: func() { far.tip.Store(false) }}
	w.config.Chain, w.config.Endpoints = far, watch
	w.config.FastestBlock = time.Nanosecond // any height would be believed otherwise
	far.tip.Store(true)
	prover.lag = 2
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilBlamed(watch, fmt.Sprintf("it named height %d, and the newest block that can be proven", invented))
	watch.mu.Lock()
	watch.highest = 0
	watch.mu.Unlock()
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	require.Less(t, w.record(task).Seen, int64(invented))
}

// slightlyAhead names heights that are some blocks ahead while it lies.
type slightlyAhead struct {
	*fakeChain
	by atomic.Int64
}

func (s *slightlyAhead) Tip(ctx context.Context) (chain.Tip, error) {
	tip, err := s.fakeChain.Tip(ctx)
	tip.Height += s.by.Load()
	return tip, err
}

func TestAHeightAtWhichNothingIsDoneIsBlamedOnTheNodeThatNamedIt(t *testing.T) {
	for _, by := range []int64{leap + 10, 2 * leap, 3 * leap} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			w, _, _ := lied(t)
			node := &slightlyAhead{fakeChain: w.chain}
			node.by.Store(by)
			watch := &blamed{highest: 1, honest: func() { node.by.Store(0) }}
			w.config.Chain, w.config.Endpoints = node, watch
			w.config.FastestBlock = time.Nanosecond // any height would be believed otherwise
			task := w.chain.post(w.web, 1, under(quorum))
			_, stop := w.run()
			defer stop()
			w.untilBlamed(watch, "and the newest block that can be proven is")
			watch.mu.Lock()
			watch.highest = 0
			watch.mu.Unlock()
			defer w.chain.blocks(2 * time.Millisecond)()
			require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
		})
	}
}

func TestANodeThatProvesNothingIsReplacedAfterSomeTries(t *testing.T) {
	w, _, prover := lied(t)
	watch := &blamed{}
	w.config.Endpoints = watch
	prover.down = errors.New("it has pruned that height")
	watch.honest = func() { prover.set(func(p *truth) { p.down = nil }) }
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilBlamed(watch, "nothing that it shows can be proven: it has pruned that height")
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

func TestAFailureThatIsNotTheNodesDoesNotReplaceIt(t *testing.T) {
	for name, c := range map[string]struct {
		elsewhere bool
		err       error
	}{
		"proofs come from elsewhere": {true, errors.New("connection refused")},
		"the witnesses are gone":     {false, fmt.Errorf("%w: connection refused", chain.ErrWitness)},
	} {
		t.Run(name, func(t *testing.T) {
			w, _, prover := lied(t)
			watch := &blamed{}
			w.config.Endpoints, w.config.ProvenElsewhere = watch, func() bool { return c.elsewhere }
			prover.down = c.err
			w.chain.post(w.web, 1, under(quorum))
			defer w.chain.blocks(2 * time.Millisecond)()
			a, stop := w.run()
			defer stop()
			w.untilTrouble(a, "connection refused")
			w.until("some tries", func() bool { return w.chain.height > 100 })
			require.Empty(t, watch.reasons())
		})
	}
}

// losing takes transactions that no block holds while it lies.
type losing struct {
	*fakeChain
	lies bool
}

func (l *losing) Submit(ctx context.Context, batch chain.Batch, limit int) (chain.Submission, error) {
	lies := false
	l.read(func() { lies = l.lies })
	if lies {
		return chain.Submission{}, fmt.Errorf("%w: it is in no block", chain.ErrNotIncluded)
	}
	return l.fakeChain.Submit(ctx, batch, limit)
}

func TestANodeWhoseTransactionsAreInNoBlockIsReplaced(t *testing.T) {
	w := newWorld(t)
	node := &losing{fakeChain: w.chain, lies: true}
	watch := &blamed{honest: func() { node.read(func() { node.lies = false }) }}
	w.config.Chain, w.config.Endpoints = node, watch
	task := w.chain.post(w.web, 1, under(quorum))
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilBlamed(watch, "in no block")
	require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
}

// flipping answers in turn from the newest state and from one that it had some blocks ago, like two
// nodes behind one address.
type flipping struct {
	*fakeChain

	mu    sync.Mutex
	turns int
	kept  []chain.Work
	// behind is the number of answers from the older state.
	behind int
}

func (f *flipping) Assignments(ctx context.Context, operator string) (chain.Work, error) {
	work, err := f.fakeChain.Assignments(ctx, operator)
	if err != nil {
		return work, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, work)
	if f.turns++; f.turns%2 == 0 && len(f.kept) > 5 {
		f.behind++
		return f.kept[len(f.kept)-5], nil
	}
	return work, nil
}

func TestAStateThatFlipsBackIsNotActedUpon(t *testing.T) {
	w, _, _ := lied(t)
	node := &flipping{fakeChain: w.chain}
	watch := &blamed{}
	w.config.Chain, w.config.Endpoints, w.config.Second = node, watch, w.chain
	var tasks []*fakeTask
	for range 3 {
		tasks = append(tasks, w.chain.post(w.web, 1, under(quorum)))
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	var highest int64
	for _, task := range tasks {
		require.Eventually(t, func() bool {
			height := a.Status().Height
			require.GreaterOrEqual(t, height, highest)
			highest = height
			return w.record(task).Phase == store.PhaseSettled
		}, patience, time.Millisecond)
		require.Equal(t, "paid", w.record(task).Verdict.Status)
	}
	require.Empty(t, watch.reasons())
	node.mu.Lock()
	defer node.mu.Unlock()
	require.Positive(t, node.behind)
}

// The fee grant of an operator whom a lying node has named pays for nothing.
func TestTheGrantOfTheTrueOperatorPaysAfterANodeHasNamedAnother(t *testing.T) {
	w := newWorld(t)
	other := sdk.AccAddress(bytes.Repeat([]byte{9}, 20))
	lies := true
	node := &liar{fakeChain: w.chain}
	node.node = func(n *edgenodetypes.Node) {
		w.chain.read(func() {
			if lies {
				n.Profile.Operator = other.String()
			}
		})
	}
	w.config.Chain = node
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.until("the liar is believed", func() bool { return w.chain.granter.Equals(other) })
	w.chain.read(func() { lies = false })
	w.until("the operator pays", func() bool { return w.chain.granter.Equals(w.chain.operator) })
}
