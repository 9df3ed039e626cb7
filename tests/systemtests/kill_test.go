//go:build system

package systemtests

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// repository is where this package lies below.
const repository = "../.."

// jobText is a job that takes some seconds, so that there is a middle to kill in.
const jobText = `
executor: wasm/1
program: %[1]s/build/textgen.wasm
args: [--tokens, "6000", --seed, "11", --temperature, "700"]
inputs:
  model.bin: %[1]s/examples/textgen/model.bin
  prompt.txt: %[1]s/examples/textgen/prompt.txt
resources: {fuel: 200_000_000_000, memory: 64MiB, output: 64KiB}
class: cpu-small
reward: 1tfuel
`

// startNetwork runs three nodes, so that a quorum of three needs each of them.
func startNetwork(t *testing.T) *devnet.Devnet {
	t.Helper()
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	options := devnet.DefaultOptions()
	options.Dir, options.Bin, options.ChainID = filepath.Join(t.TempDir(), "network"), filepath.Join(root, "build"), "theta-system-1"
	options.Log = t.Output()
	network, err := devnet.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, network.Stop()) })
	return network
}

func jobFile(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "job.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, jobText, root), 0o600))
	return path
}

// moment tells whether a job is where the blow should fall.
type moment struct {
	name string
	now  func(client.Progress) bool
}

func moments() []moment {
	return []moment{
		{"while nodes are drawn", func(p client.Progress) bool { return p.Stage == client.StageDraw }},
		{"while it executes", func(p client.Progress) bool { return p.Stage == client.StageExecute && p.Committed < p.Target }},
		{"while it reveals", func(p client.Progress) bool { return p.Stage == client.StageReveal }},
	}
}

func TestKilledEdgeNodeFinishesItsJobAndNobodyIsSlashed(t *testing.T) {
	network := startNetwork(t)
	victim := network.Nodes()[0].Name
	for _, when := range moments() {
		t.Run(when.name, func(t *testing.T) { killDuring(t, network, victim, when) })
	}
}

func TestKilledValidatorGoesOnAndNobodyIsSlashed(t *testing.T) {
	network := startNetwork(t)
	for _, when := range moments() {
		t.Run(when.name, func(t *testing.T) { killDuring(t, network, devnet.Validator, when) })
	}
}

func TestEverythingKilledAtOnceGoesOnAndNobodyIsSlashed(t *testing.T) {
	network := startNetwork(t)
	victims := []string{devnet.Validator, devnet.BeaconRelay, devnet.BlobRelay}
	for _, node := range network.Nodes() {
		victims = append(victims, node.Name)
	}
	run := runAndStrike(t, network, moments()[1], func() {
		for _, victim := range victims {
			require.NoError(t, network.Kill(victim))
		}
		for _, victim := range victims {
			require.NoError(t, network.Restart(victim))
		}
	})
	requireSettled(t, network, run)
}

// killDuring ends a process without warning in the middle of a job, starts it
// again and expects the job to end as if nothing had been.
func killDuring(t *testing.T, network *devnet.Devnet, victim string, when moment) {
	t.Helper()
	run := runAndStrike(t, network, when, func() {
		require.NoError(t, network.Kill(victim))
		require.NoError(t, network.Restart(victim))
	})
	requireSettled(t, network, run)
}

func runAndStrike(t *testing.T, network *devnet.Devnet, when moment, strike func()) *devnet.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	struck := false
	run, err := network.Run(ctx, devnet.Alice, jobFile(t), t.TempDir(), func(p client.Progress) {
		t.Log(p)
		if !struck && when.now(p) {
			struck = true
			strike()
			t.Log("killed and started again")
		}
	})
	if err != nil {
		t.Fatalf("%v\n%v", err, network.Logs())
	}
	require.True(t, struck, "the job was over before the moment came")
	return run
}

func requireSettled(t *testing.T, network *devnet.Devnet, run *devnet.Run) {
	t.Helper()
	settlement := run.Settlement
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, settlement.Job.Status)
	require.NotNil(t, settlement.Receipt)
	paid := 0
	for _, outcome := range settlement.Receipt.Outcomes {
		require.True(t, outcome.Slashed.IsZero(), "%s lost %s", outcome.Operator, outcome.Slashed)
		if outcome.Status == computetypes.ASSIGNMENT_STATUS_PAID {
			paid++
		}
	}
	require.Equal(t, 3, paid, "outcomes: %v", settlement.Receipt.Outcomes)

	c, err := network.Client(t.Context())
	require.NoError(t, err)
	_, err = c.Verify(t.Context(), settlement.Job.Id, run.Dir)
	require.NoError(t, err)
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
