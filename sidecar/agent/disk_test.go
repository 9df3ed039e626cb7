package agent

import (
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/store"
)

func TestNothingIsClaimedForWhichTheDiskHasNoRoom(t *testing.T) {
	w := newWorld(t)
	var free atomic.Uint64
	free.Store(1 << 40)
	var oldest atomic.Pointer[string]
	w.config.FreeBytes = func(string) (uint64, error) {
		if folder := oldest.Load(); folder != nil {
			if _, err := os.Stat(*folder); os.IsNotExist(err) {
				return free.Load() + 1, nil
			}
		}
		return free.Load(), nil
	}
	first := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	kept := []store.Assignment{w.untilDelivered(first)}
	w.untilPhase(first, store.PhaseSettled)
	second := w.chain.post(w.web, 2)
	kept = append(kept, w.untilDelivered(second))
	w.untilPhase(second, store.PhaseSettled)
	require.DirExists(t, kept[0].Folder)
	oldest.Store(&kept[0].Folder)

	// Even if everything that is kept were deleted, the room would not be enough for this
	// task.
	free.Store(bid.DiskReserve + first.spec.Resources.OutputBytes/2)
	third := w.chain.post(w.web, 3)
	passed := func() bool {
		return slices.ContainsFunc(a.Status().Passed, func(p bid.Passed) bool { return strings.Contains(p.Reason, "bytes of disk") })
	}
	require.Eventually(t, passed, patience, time.Millisecond)
	require.Empty(t, w.record(third).JobID)
	require.Eventually(t, func() bool {
		entries, err := os.ReadDir(w.config.CacheDir)
		return err == nil && len(entries) == 0
	}, patience, time.Millisecond, "inputs that nothing uses go")
	require.DirExists(t, kept[0].Folder, "no outputs go in vain")
	require.DirExists(t, kept[1].Folder)

	// One byte is missing: the oldest outputs are deleted, but no others.
	free.Store(bid.DiskReserve + bid.Footprint(&third.spec, 1) - 1)
	require.Eventually(t, func() bool {
		_, err := os.Stat(kept[0].Folder)
		return os.IsNotExist(err)
	}, patience, time.Millisecond)
	require.Equal(t, "paid", w.untilPhase(third, store.PhaseSettled).Verdict.Status)
	require.DirExists(t, kept[1].Folder)
}
