//go:build system

package systemtests

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// textgen is a job that takes some seconds, so that processes can be killed in the middle of
// it.
const textgen = `
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

// moment reports whether a job is at the point at which processes are to be killed.
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

// worstMoments returns the moment at which a node has the most to lose; with MOMENTS=all, all from its work on.
func worstMoments() []moment {
	if os.Getenv("MOMENTS") == "all" {
		return moments()[1:]
	}
	return moments()[2:]
}

func TestKilledEdgeNodeFinishesItsJobAndNobodyIsSlashed(t *testing.T) {
	t.Parallel()
	network := startNetwork(t)
	for _, when := range moments() {
		t.Run(when.name, func(t *testing.T) { killDuring(t, network, when, network.Nodes()[0].Name) })
	}
}

func TestKilledValidatorGoesOnAndNobodyIsSlashed(t *testing.T) {
	t.Parallel()
	network := startNetwork(t)
	for _, when := range moments() {
		t.Run(when.name, func(t *testing.T) { killDuring(t, network, when, devnet.Validator) })
	}
}

func TestEverythingKilledAtOnceGoesOnAndNobodyIsSlashed(t *testing.T) {
	t.Parallel()
	network := startNetwork(t)
	victims := []string{devnet.Validator, devnet.BeaconRelay, devnet.BlobRelay}
	for _, node := range network.Nodes() {
		victims = append(victims, node.Name)
	}
	killDuring(t, network, moments()[1], victims...)
}

// killDuring kills processes without warning in the middle of a job, restarts them, and
// requires that the job ends as if nothing had happened.
func killDuring(t *testing.T, network *devnet.Devnet, when moment, victims ...string) {
	t.Helper()
	struck := false
	run := follow(t, network, writeJob(t, fmt.Sprintf(textgen, root(t)), nil), func(p client.Progress) {
		if struck || !when.now(p) {
			return
		}
		struck = true
		for _, victim := range victims {
			require.NoError(t, network.Kill(victim))
		}
		for _, victim := range victims {
			require.NoError(t, network.Restart(victim))
		}
		t.Log("killed and started again")
	})
	require.True(t, struck, "the job was over before the moment came")
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
	require.Len(t, paid(run), 3)
	requireUnharmed(t, network, run)

	c, err := network.Client(t.Context())
	require.NoError(t, err)
	_, err = c.Verify(t.Context(), run.State.JobID, run.Dir)
	require.NoError(t, err)
}

// paid returns the operators that a job has paid.
func paid(run *devnet.Run) []string {
	var operators []string
	for _, outcome := range run.Settlement.Receipt.Outcomes {
		if outcome.Status == computetypes.ASSIGNMENT_STATUS_PAID {
			operators = append(operators, outcome.Operator)
		}
	}
	return operators
}
