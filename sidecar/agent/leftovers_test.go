package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

func TestWhatAKilledDaemonLeavesBehindIsDeletedAtTheStart(t *testing.T) {
	w := newWorld(t)
	task := w.chain.post(w.web, 1)
	stopBlocks := w.chain.blocks(2 * time.Millisecond)
	defer stopBlocks()
	_, stop := w.run()
	record := w.untilPhase(task, store.PhaseSettled)
	stop()
	orphan := filepath.Join(w.config.WorkDir, "9-9-9-0-0")
	require.NoError(t, os.MkdirAll(filepath.Join(orphan, "out"), 0o700))
	partial := filepath.Join(w.config.CacheDir, ".fetch-123")
	require.NoError(t, os.WriteFile(partial, []byte("half"), 0o600))
	w.config.Registry = nil
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return a.Status().Height > 0 }, patience, time.Millisecond)
	require.NoDirExists(t, orphan)
	require.NoFileExists(t, partial)
	require.DirExists(t, record.Folder, "kept until retention ends")
}
