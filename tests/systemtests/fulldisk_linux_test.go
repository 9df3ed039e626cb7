//go:build system

package systemtests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// smallDisk is the size of a disk with little more than the room that a node never promises to new work.
const smallDisk = "size=1400m"

// TestANodeWhoseDiskIsFullRevealsAndNobodyIsSlashed: the disk is full from the first commitments on until the job has
// ended, or for some blocks while the task runs.
func TestANodeWhoseDiskIsFullRevealsAndNobodyIsSlashed(t *testing.T) {
	t.Parallel()
	network := startNetwork(t)
	node := network.Nodes()[0]
	onSmallDisk(t, network, node)
	for _, when := range worstMoments() {
		t.Run(when.name, func(t *testing.T) {
			filler := filepath.Join(node.Home(), "filler")
			filled := false
			run := follow(t, network, writeJob(t, fmt.Sprintf(quorumJob, root(t)), nil), func(p client.Progress) {
				if filled || !when.now(p) {
					return
				}
				filled = true
				fillDisk(t, filler)
				if p.Stage == client.StageExecute {
					awaitBlocks(t, network.Nodes()[1], 8)
					require.NoError(t, os.Remove(filler))
				}
			})
			require.True(t, filled, "the job was over before the moment came")
			require.NoError(t, os.RemoveAll(filler))
			require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
			require.Len(t, paid(run), 3)
			requireUnharmed(t, network, run)
		})
	}
}

// onSmallDisk moves the home of a node to a disk of its own.
func onSmallDisk(t *testing.T, network *devnet.Devnet, node devnet.Node) {
	t.Helper()
	require.NoError(t, network.Kill(node.Name))
	copied := filepath.Join(t.TempDir(), "home")
	shell := func(name string, args ...string) ([]byte, error) {
		return exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	}
	out, err := shell("cp", "-a", node.Home(), copied)
	require.NoError(t, err, string(out))
	if out, err := shell("mount", "-t", "tmpfs", "-o", smallDisk, "tmpfs", node.Home()); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", node.Home()).Run() })
	out, err = shell("cp", "-a", copied+"/.", node.Home())
	require.NoError(t, err, string(out))
	require.NoError(t, network.Restart(node.Name))
	awaitWork(t, node)
}

// fillDisk makes a file as large as its disk allows.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	for _, size := range []int{1 << 20, 1 << 12, 1} {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
	}
	require.NoError(t, file.Close())
}
