package agent

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

func TestNothingIsClaimedForWhichTheDiskHasNoRoom(t *testing.T) {
	w := newWorld(t)
	var free atomic.Uint64
	free.Store(1 << 40)
	w.config.FreeBytes = func(string) (uint64, error) { return free.Load(), nil }
	first := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	record := w.untilPhase(first, store.PhaseSettled)
	require.DirExists(t, record.Folder)

	free.Store(DiskReserve + first.spec.Resources.OutputBytes)
	second := w.chain.post(w.web, 2)
	require.Eventually(t, func() bool { return len(a.Status().Passed) > 0 }, patience, time.Millisecond)
	require.Contains(t, a.Status().Passed[0].Reason, "bytes of disk")
	require.Empty(t, w.record(second).JobID)
	require.Eventually(t, func() bool {
		_, err := os.Stat(record.Folder)
		entries, listErr := os.ReadDir(w.config.CacheDir)
		return os.IsNotExist(err) && listErr == nil && len(entries) == 0
	}, patience, time.Millisecond, "what was delivered and settled makes room, and so do inputs that nothing uses")

	free.Store(DiskReserve + footprint(&second.spec))
	require.Equal(t, "paid", w.untilPhase(second, store.PhaseSettled).Verdict.Status)
}
