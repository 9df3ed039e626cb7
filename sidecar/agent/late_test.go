package agent

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// manifestAt returns the address of a record's manifest in a sink.
func manifestAt(sink string, record store.Assignment) string {
	return sink + "/" + hex.EncodeToString(record.ResultDigest)
}

// postUndeliverable posts a task whose sink cannot be reached.
func (w *world) postUndeliverable(change ...func(*fakeTask)) *fakeTask {
	w.chain.read(func() { w.chain.params.RevealBlocks = 200 })
	w.web.set(func(web *fakeWeb) { web.putErr = transfer.ErrUnreachable })
	return w.chain.post(w.web, 1, change...)
}

// settledUndelivered runs such a task until it is paid.
func settledUndelivered(t *testing.T, w *world, task *fakeTask) store.Assignment {
	t.Helper()
	record := w.untilPhase(task, store.PhaseSettled)
	require.True(t, record.Verdict.Accepted)
	require.Equal(t, "paid", record.Verdict.Status)
	require.False(t, record.Delivered)
	return record
}

func (w *world) untilDelivered(task *fakeTask) store.Assignment {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return w.record(task).Delivered }, patience, time.Millisecond)
	return w.record(task)
}

// again replaces the registry, because a registry can contain each metric only once.
func (w *world) again() { w.config.Registry = prometheus.NewRegistry() }

func TestAPaidResultIsDeliveredAfterItsSettlement(t *testing.T) {
	w := newWorld(t)
	task := w.postUndeliverable()
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := settledUndelivered(t, w, task)
	require.Eventually(t, func() bool { return a.Status().Deliveries[record.Key].Late }, patience, time.Millisecond)
	require.Eventually(t, func() bool { return !a.Status().Deliveries[record.Key].NextAt.IsZero() }, patience, time.Millisecond)
	require.Contains(t, w.record(task).DeliveryError, transfer.ErrUnreachable.Error())
	w.web.set(func(web *fakeWeb) { web.putErr = nil })
	record = w.untilDelivered(task)
	require.True(t, w.web.holds(manifestAt(task.spec.Sink, record)))
	require.Empty(t, record.DeliveryError)
	require.Eventually(t, func() bool { return len(a.Status().Deliveries) == 0 }, patience, time.Millisecond)
}

func TestAPaidResultIsDeliveredByADaemonThatIsStartedLater(t *testing.T) {
	w := newWorld(t)
	task := w.postUndeliverable()
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	settledUndelivered(t, w, task)
	stop()
	w.again()
	w.web.set(func(web *fakeWeb) { web.putErr = nil })
	_, stop = w.run()
	defer stop()
	record := w.untilDelivered(task)
	require.True(t, w.web.holds(manifestAt(task.spec.Sink, record)))
}

func TestDeliveryEndsWithRetentionAndNotBefore(t *testing.T) {
	w := newWorld(t)
	var passed atomic.Int64
	w.config.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	w.config.Retention = 24 * time.Hour
	task := w.postUndeliverable()
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := settledUndelivered(t, w, task)
	for range 5 {
		// Each failure changes the record, but must not extend the time for which it is kept.
		passed.Add(int64(4 * time.Hour))
		height := a.Status().Height
		require.Eventually(t, func() bool { return a.Status().Height > height+10 }, patience, time.Millisecond)
		w.web.set(func(web *fakeWeb) { web.putErr = errors.New(web.putErr.Error() + ".") })
	}
	require.DirExists(t, record.Folder)
	require.Equal(t, store.PhaseSettled, w.record(task).Phase)
	passed.Add(int64(6 * time.Hour))
	require.Eventually(t, func() bool { return w.record(task).JobID == "" }, patience, time.Millisecond)
	require.Eventually(t, func() bool { return len(a.Status().Deliveries) == 0 }, patience, time.Millisecond)
	require.NoDirExists(t, record.Folder)
}

func TestAResultThatWasNotAcceptedIsNotDeliveredAfterItsEnd(t *testing.T) {
	w := newWorld(t)
	task := w.postUndeliverable(under(quorum))
	for _, node := range w.chain.nodes {
		w.chain.liars[node.String()] = true // all others agree on a different result
	}
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "slashed", record.Verdict.Status)
	require.False(t, record.Verdict.Accepted)
	require.Eventually(t, func() bool { return len(a.Status().Deliveries) == 0 }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) { web.putErr, web.puts = nil, 0 })
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) { require.Zero(t, web.puts) })
}

func TestOutputsThatAreGoneAreNotTriedForEver(t *testing.T) {
	w := newWorld(t)
	task := w.postUndeliverable()
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	record := settledUndelivered(t, w, task)
	stop()
	require.NoError(t, os.RemoveAll(filepath.Join(record.Folder, outputFolder)))
	w.again()
	w.web.set(func(web *fakeWeb) { web.putErr = nil })
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool {
		return strings.Contains(a.Status().Deliveries[record.Key].Error, "no longer on this disk")
	}, patience, time.Millisecond)
	require.Zero(t, a.Status().Deliveries[record.Key].NextAt)
}

func TestLateDeliveriesToOneServerAreTriedOneAtATimeAndWaitTogether(t *testing.T) {
	q := newDeliveries(time.Now, time.Second)
	for n := range 5 {
		record := store.Assignment{Key: store.Key{JobID: "1-0-0", Task: uint64(n)}, Sink: "https://relay.example/v1/drops/box"}
		q.queue(t.Context(), record, true)
	}
	other := q.queue(t.Context(), store.Assignment{Key: store.Key{JobID: "2-0-0"}, Sink: "https://other.example/v1/drops/box"}, true)
	first := q.byKey[store.Key{JobID: "1-0-0", Task: 0}]
	for range 20 {
		q.postpone(first, transfer.ErrUnreachable)
	}
	for _, d := range q.byKey {
		if d == other {
			require.False(t, d.next.After(time.Now()), "another server is not to blame")
			continue
		}
		require.Equal(t, first.next, d.next)
		require.LessOrEqual(t, time.Until(d.next), latePause)
	}
	q.resumeOrigin(first.origin)
	require.False(t, first.next.After(time.Now()))
}

func TestResultsAreDeliveredAgainWhereTheirRequesterAsks(t *testing.T) {
	const elsewhere = "http://other.example/v1/drops/{task}/box"
	w := newWorld(t)
	tasks := w.chain.postArray(w.web, 1, 2)
	other := w.chain.post(w.web, 2)
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	for _, task := range append(tasks, other) {
		require.True(t, w.untilPhase(task, store.PhaseSettled).Delivered)
	}
	w.chain.askAgain(elsewhere, tasks...)
	for _, task := range tasks {
		sink := computetypes.TaskSink(elsewhere, task.ref.Task)
		require.Eventually(t, func() bool { return w.web.holds(manifestAt(sink, w.record(task))) }, patience, time.Millisecond)
		w.untilDelivered(task)
	}
	require.Zero(t, w.record(other).Requested, "nobody has asked for it")
	puts := 0
	w.web.set(func(web *fakeWeb) { puts = web.puts })
	stop()

	// While the daemon is down, the requester asks again.
	const third = "http://third.example/v1/drops/{task}/box"
	w.chain.askAgain(third, tasks...)
	var height int64
	w.chain.read(func() { height = w.chain.height })
	w.until("some blocks", func() bool { return w.chain.height > height+50 })
	w.again()
	a, stop := w.run()
	defer stop()
	for _, task := range tasks {
		sink := computetypes.TaskSink(third, task.ref.Task)
		require.Eventually(t, func() bool { return w.web.holds(manifestAt(sink, w.record(task))) }, patience, time.Millisecond)
		w.untilDelivered(task)
	}
	at := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > at+3*redeliveryBlocks }, patience, time.Millisecond)
	w.web.set(func(web *fakeWeb) { require.Equal(t, puts+6, web.puts, "each request is heeded once") })
}

func TestWorkThatGoesOnIsDeliveredToTheNewSink(t *testing.T) {
	const elsewhere = "http://other.example/v1/drops/box"
	w := newWorld(t)
	w.chain.othersCommit = false
	running, committed := w.chain.post(w.web, 1, under(quorum)), w.chain.post(w.web, 2, under(quorum))
	w.engine.hold = make(chan struct{})
	close(w.engine.hold)
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.untilPhase(committed, store.PhaseCommitted)
	w.untilPhase(running, store.PhaseCommitted)
	w.chain.askAgain(elsewhere, committed)
	require.Eventually(t, func() bool { return w.record(committed).Sink == elsewhere }, patience, time.Millisecond)
	w.chain.read(func() { w.chain.othersCommit = true })
	record := w.untilPhase(committed, store.PhaseSettled)
	require.True(t, record.Delivered)
	require.True(t, w.web.holds(manifestAt(elsewhere, record)))
	require.False(t, w.web.holds(manifestAt(committed.spec.Sink, record)))
	record = w.untilPhase(running, store.PhaseSettled)
	require.True(t, w.web.holds(manifestAt(running.spec.Sink, record)))
}

func TestWhyAProgramFailedIsKeptAndLaidBesideTheManifest(t *testing.T) {
	w := newWorld(t)
	w.engine.reason, w.engine.exit, w.engine.detail = manifest.ReasonTrapped, manifest.NoExitCode, "unreachable executed\x1b[2J"
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, "unreachable executed [2J", record.Detail)
	remark := blob.Remark{JobID: record.JobID, Node: w.chain.operator.String(), Text: record.Detail}.Encode()
	digest := blob.DigestOf(remark)
	require.True(t, w.web.holds(task.spec.Sink+"/"+digest.String()))
}
