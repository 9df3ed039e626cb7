package agent

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob/hosts"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/store"
)

// allow lets jobs of a world name some hosts only.
func (w *world) allow(t *testing.T, items ...string) {
	t.Helper()
	list, err := hosts.Parse(items)
	require.NoError(t, err)
	w.config.Policy.Hosts = list
}

func TestATaskThatNamesAnotherHostIsNeverClaimedAndIsCounted(t *testing.T) {
	w := newWorld(t)
	good, bad := w.chain.post(w.web, 1), w.chain.post(w.web, 2)
	u, err := url.Parse(good.spec.Program.Uris[0])
	require.NoError(t, err)
	w.allow(t, u.Host)
	w.chain.read(func() { bad.spec.Program.Uris = append(bad.spec.Program.Uris, "https://elsewhere.example/program") })
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Equal(t, "paid", w.untilPhase(good, store.PhaseSettled).Verdict.Status)
	var found bid.Count
	require.Eventually(t, func() bool {
		for _, c := range a.Status().Counts {
			if c.Cause == bid.CauseHost {
				found = c
			}
		}
		return found.Draws > 0
	}, patience, time.Millisecond)
	require.Equal(t, "names elsewhere.example, which is not in egress.hosts", found.Reason)
	w.chain.read(func() { require.False(t, w.chain.holds(bad)) })
}

// TestAnInputThatLedToAnotherHostIsGivenBackWithoutAReport: other nodes may have the input, and a report
// that they contradict costs a fee. A second job with the same address must not cost the node a second release, and
// jobs with other addresses of the host must not wait for long.
func TestAnInputThatLedToAnotherHostIsGivenBackWithoutAReport(t *testing.T) {
	w := newWorld(t)
	first := w.chain.post(w.web, 1)
	u, err := url.Parse(first.spec.Program.Uris[0])
	require.NoError(t, err)
	w.allow(t, u.Host)
	w.web.set(func(web *fakeWeb) { web.fetchErr = astray(t, first.spec.Program.Uris[0]) })
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := w.untilGivenBack(first)
	require.False(t, first.released.InputUnavailable)
	require.Empty(t, record.Commitment)
	require.Contains(t, record.LastError, "elsewhere.example")

	w.web.set(func(web *fakeWeb) { web.fetchErr = nil })
	second := w.chain.post(w.web, 2, func(t *fakeTask) { t.spec.Program = first.spec.Program })
	third := w.chain.post(w.web, 3)
	require.Equal(t, "paid", w.untilPhase(third, store.PhaseSettled).Verdict.Status)
	require.Eventually(t, func() bool {
		for _, p := range a.Status().Passed {
			if p.JobID == second.ref.JobId {
				return p.Reason == fmt.Sprintf("names %s, which leads to elsewhere.example, which is not in egress.hosts", u.Host)
			}
		}
		return false
	}, patience, time.Millisecond)
	w.chain.read(func() { require.False(t, w.chain.holds(second)) })
}

// astray returns the error of a client that an address has led to another host.
func astray(t *testing.T, address string) error {
	t.Helper()
	return fmt.Errorf("fetch: %w", transfer.NewAstray(address, "elsewhere.example"))
}

func TestNothingNewIsClaimedOnceTheDayHasMovedEnough(t *testing.T) {
	w := newWorld(t)
	meter := NewLineMeter(w.journal, func() time.Time { return time.Unix(1_800_000_000, 0) })
	w.config.Line, w.config.MaxDayBytes = meter, 1<<40
	first := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(first, store.PhaseSettled)
	meter.Moved(1<<40, 5)
	require.Eventually(t, func() bool { return a.Status().Line.Sent == 5 }, patience, time.Millisecond)
	require.EqualValues(t, 1<<40, a.Status().LineMax)
	second := w.chain.post(w.web, 2)
	require.Eventually(t, func() bool {
		for _, p := range a.Status().Passed {
			if p.JobID == second.ref.JobId {
				return strings.Contains(p.Reason, "of egress.max-day are left today")
			}
		}
		return false
	}, patience, time.Millisecond)
	w.chain.read(func() { require.False(t, w.chain.holds(second)) })
}

// TestWhatIsHeldKeepsItsPartOfTheDay: each of two jobs fits into the limit of a day, and both together do not.
func TestWhatIsHeldKeepsItsPartOfTheDay(t *testing.T) {
	w := newWorld(t)
	first := w.chain.post(w.web, 1)
	each := first.spec.InputBytes() + first.spec.Resources.OutputBytes
	w.config.Line = NewLineMeter(w.journal, func() time.Time { return time.Unix(1_800_000_000, 0) })
	w.config.MaxDayBytes = each + first.spec.Resources.OutputBytes - 1
	w.engine.hold = make(chan struct{})
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(first, store.PhaseRunning)
	second := w.chain.post(w.web, 2)
	require.Eventually(t, func() bool {
		for _, p := range a.Status().Passed {
			if p.JobID == second.ref.JobId {
				return strings.Contains(p.Reason, "of egress.max-day are left today")
			}
		}
		return false
	}, patience, time.Millisecond)
	w.chain.read(func() { require.False(t, w.chain.holds(second)) })
	close(w.engine.hold)
	require.True(t, w.untilPhase(first, store.PhaseSettled).Delivered)
	require.Equal(t, "paid", w.untilPhase(second, store.PhaseSettled).Verdict.Status, "what the first one did not need is free again")
}

// failingLine is a journal on a disk that is full at first.
type failingLine struct {
	full bool
	store.Line
}

func (f *failingLine) Moved(_ int64, received, sent uint64) (store.Line, error) {
	if f.full {
		return store.Line{}, errors.New("no space left on device")
	}
	f.Received, f.Sent = f.Received+received, f.Sent+sent
	return f.Line, nil
}

func TestWhatCouldNotBeWrittenIsCountedLater(t *testing.T) {
	journal := &failingLine{full: true}
	meter := NewLineMeter(journal, time.Now)
	meter.Moved(3, 4)
	meter.Moved(-1, -1)
	_, err := meter.Today()
	require.ErrorContains(t, err, "no space left")
	journal.full = false
	meter.Moved(1, 0)
	line, err := meter.Today()
	require.NoError(t, err)
	require.Equal(t, store.Line{Received: 4, Sent: 4}, line)
}
