package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/cmd/thetad/cmd"
	"github.com/thetaedge/theta/testutil/edge"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// trapping is tinyProgram with a body that traps.
const trapping = "\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x07\x0a\x01\x06_start\x00\x00\x0a\x05\x01\x03\x00\x00\x0b"

// localFile creates a job file without a relay, and its program.
func localFile(t *testing.T, program, fields string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.wasm"), []byte(program), 0o600))
	path := filepath.Join(dir, "job.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
executor: wasm/1
program: p.wasm
class: cpu-small
reward: 1tfuel
resources: {fuel: 1000, memory: 1MiB, output: 1KiB}
%s
`, fields), 0o600))
	return path
}

func TestAJobRunsHereWithoutNodeRelayOrKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "try")
	out, err := run(t, t.TempDir(), "compute", "run", localFile(t, tinyProgram, ""), "--local", "--out", dir, "--node", "tcp://127.0.0.1:1")
	require.NoError(t, err)
	require.Contains(t, out, "nothing is sent or spent")
	require.Contains(t, out, "Task 0: exited, exit code 0")
	require.Regexp(t, `Result digest: [0-9a-f]{64}, on which nodes would agree`, out)
	require.Contains(t, out, "of 1000\n")
	require.Contains(t, out, "resources: {fuel: 10000, memory: 1MiB, output: 4KiB}")
	require.FileExists(t, filepath.Join(dir, ".theta-manifest"))
}

func TestTheExitCodeOfALocalRunSaysHowTheProgramEnded(t *testing.T) {
	out, err := run(t, t.TempDir(), "compute", "run", localFile(t, trapping, ""), "--local", "--out", t.TempDir())
	require.Equal(t, 21, cmd.ExitCode(err))
	require.Contains(t, out, "Task 0: trapped, exit code -1")
	require.Contains(t, out, "unreachable")
	require.NotContains(t, out, "Suggested", "what a trap took says nothing of what the job needs")

	_, err = run(t, t.TempDir(), "compute", "run", localFile(t, "\x00asm\x0d\x00\x01\x00", ""), "--local", "--out", t.TempDir())
	require.ErrorContains(t, err, "wasm32-wasip1")
	require.Equal(t, 25, cmd.ExitCode(err))

	_, err = run(t, t.TempDir(), "compute", "run", localFile(t, tinyProgram, ""), "--local", "--task", "1", "--out", t.TempDir())
	require.Equal(t, 1, cmd.ExitCode(err))
	_, err = run(t, t.TempDir(), "compute", "run", localFile(t, tinyProgram, ""), "--local", "--wait")
	require.ErrorContains(t, err, "local")
}

func TestSeveralTasksOfAnArrayRunHereInOrder(t *testing.T) {
	dir := t.TempDir()
	out, err := run(t, t.TempDir(), "compute", "run", localFile(t, tinyProgram, "tasks: 9"), "--local", "--task", "7", "--task", "2", "--out", dir)
	require.NoError(t, err)
	require.Less(t, indexOf(t, out, "Task 2:"), indexOf(t, out, "Task 7:"))
	require.FileExists(t, filepath.Join(dir, "2", ".theta-manifest"))
	require.FileExists(t, filepath.Join(dir, "7", ".theta-manifest"))
}

func TestALocalRunOfAnArraySaysHowLargeItsChunksWillBe(t *testing.T) {
	out, err := run(t, t.TempDir(), "compute", "run", localFile(t, tinyProgram, "tasks: 9000\nchunk: auto"), "--local", "--task", "7", "--task", "2", "--out", t.TempDir())
	require.NoError(t, err)
	require.Contains(t, out, "Array of 9000 tasks, judged by 2 of them; other tasks may need more:\n  resources.fuel: 10000\n  chunk: auto takes about 3000 tasks")
	require.Contains(t, out, "with the fuel of the job file")

	out, err = run(t, t.TempDir(), "compute", "run", localFile(t, tinyProgram, "tasks: 9000\nchunk: 1\npolicy: {quorum: 3}"), "--local", "--out", t.TempDir())
	require.NoError(t, err)
	require.NotContains(t, out, "Array of")
}

func TestAJobThatFitsTooFewNodesIsNotPosted(t *testing.T) {
	m := newMarket(t, 5)
	for _, node := range m.network.Nodes[:3] {
		m.chain.NextBlock(m.chain.Sign(node.Operator, []sdk.Msg{&edgenodetypes.MsgUpdate{
			Operator: node.Operator.String(), Moniker: "small", Hardware: edgenodetypes.Hardware{CpuCores: 4, MemoryBytes: 8 << 30},
			Region: "eu", Class: edge.Class, Executors: []string{"wasm/1"}, Slots: 2,
			Limits: edgenodetypes.TaskLimits{MemoryBytes: 1 << 19},
		}}))
	}
	out, err := m.compute("alice", "run", jobFile(t, startRelay(t), "{quorum: 3}"), "--out", t.TempDir())
	require.ErrorContains(t, err, "the job fits 2 of 5 live nodes in class cpu-small")
	require.ErrorContains(t, err, "3 take at most 512KiB of memory, the job asks for 1MiB")
	require.Contains(t, out, "Nodes: 5 live in class cpu-small, the job fits 2, ")
	require.Empty(t, m.network.Jobs(m.chain), "nothing was posted")
}

func TestExplainSaysWhatAJobWaitsForWithoutANode(t *testing.T) {
	m := newMarket(t, 5)
	_, err := m.compute("alice", "run", jobFile(t, startRelay(t), "{quorum: 3}"), "--out", t.TempDir())
	require.NoError(t, err)
	id := m.network.Jobs(m.chain)[0].Id
	out, err := run(t, m.home, "query", "compute", "explain", id, "0", "--node", m.node.Address)
	require.NoError(t, err)
	require.Contains(t, out, "draw 1 for 3 of 3 nodes")
	require.Contains(t, out, "fitting:")
	out, err = run(t, m.home, "query", "compute", "explain", id, "0", m.network.Nodes[0].Operator.String(), "--node", m.node.Address)
	require.NoError(t, err)
	require.Contains(t, out, "rule: executor")
	require.Contains(t, out, "fits: true")
}

func indexOf(t *testing.T, text, part string) int {
	t.Helper()
	require.Contains(t, text, part)
	return strings.Index(text, part)
}
