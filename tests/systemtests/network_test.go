//go:build system

package systemtests

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
)

// repository is the path of the repository relative to this package.
const repository = "../.."

// startNetwork runs three nodes, so that a quorum of three needs each of them.
func startNetwork(t *testing.T, changes ...func(*devnet.Options)) *devnet.Devnet {
	t.Helper()
	options := devnet.DefaultOptions()
	for _, change := range changes {
		change(&options)
	}
	options.Dir, options.Bin, options.ChainID = filepath.Join(t.TempDir(), "network"), filepath.Join(root(t), "build"), "theta-system-1"
	options.Log = t.Output()
	network, err := devnet.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, network.Stop()) })
	return network
}

func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(repository)
	require.NoError(t, err)
	return path
}

// writeJob creates a job file and the other files that belong to it.
func writeJob(t *testing.T, text string, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	path := filepath.Join(dir, "job.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// follow runs a job to its end. On failure it shows the logs of all processes.
func follow(t *testing.T, network *devnet.Devnet, jobFile string, see func(client.Progress)) *devnet.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	run, err := network.Run(ctx, devnet.Alice, jobFile, t.TempDir(), func(p client.Progress) {
		t.Log(p)
		see(p)
	})
	if err != nil {
		t.Fatalf("%v\n%v", err, network.Logs())
	}
	return run
}

// requireUnharmed requires that no node lost bond, that the chain's money adds up, and that
// every process still runs.
func requireUnharmed(t *testing.T, network *devnet.Devnet, run *devnet.Run) {
	t.Helper()
	if receipt := run.Settlement.Receipt; receipt != nil {
		for _, outcome := range receipt.Outcomes {
			require.True(t, outcome.Slashed.IsZero(), "%s lost %s", outcome.Operator, outcome.Slashed)
		}
	}
	invariants, err := network.Invariants(t.Context())
	require.NoError(t, err)
	for name, found := range invariants {
		require.Equal(t, devnet.Holds, found, name)
	}
	select {
	case failure := <-network.Failure():
		t.Fatal(failure)
	default:
	}
}

// awaitWork waits until the daemon of a node takes work.
func awaitWork(t *testing.T, node devnet.Node) {
	t.Helper()
	require.Eventually(t, func() bool {
		status, err := node.Status(t.Context())
		return err == nil && status.Mode == "working"
	}, 2*time.Minute, 100*time.Millisecond)
}

// awaitBlocks waits until a node has seen a number of further blocks.
func awaitBlocks(t *testing.T, node devnet.Node, blocks int64) {
	t.Helper()
	height := func() int64 {
		status, err := node.Status(t.Context())
		if err != nil {
			return 0
		}
		return status.Height
	}
	var before int64
	require.Eventually(t, func() bool { before = height(); return before > 0 }, time.Minute, 100*time.Millisecond)
	require.Eventually(t, func() bool { return height() >= before+blocks }, 5*time.Minute, 100*time.Millisecond)
}
