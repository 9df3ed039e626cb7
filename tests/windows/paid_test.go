//go:build wine

package windows

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/rehearsal"
	"github.com/thetaedge/theta/tests/devnet"
)

const (
	operator = "windows"
	patience = 5 * time.Minute
)

// network runs the chain, the relay and a node of this system.
func network(t *testing.T) *devnet.Devnet {
	t.Helper()
	options := devnet.DefaultOptions()
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	options.Dir, options.Bin = filepath.Join(t.TempDir(), "network"), filepath.Join(root, "build")
	options.Nodes, options.Funds, options.Log = 1, map[string]int64{operator: 1_000}, t.Output()
	net, err := devnet.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, net.Stop()) })
	return net
}

// TestANodeForWindowsIsPaid takes a node from an empty folder to a paid job: init, doctor, register,
// start, and a job for this node alone that its operator pays.
func TestANodeForWindowsIsPaid(t *testing.T) {
	net, m := network(t), newMachine(t)
	require.Contains(t, m.says("version"), "windows/amd64")
	t.Log(m.says("init", "--grpc", net.GRPC(), "--relay", net.Relay()))
	settings(t, m.home, map[string]string{
		"chain.id": net.ChainID(), "chain.poll": "200ms", "work.refuse-private": "false", "work.drain-timeout": "5s",
		"api.grpc": "127.0.0.1:0", "api.http": "127.0.0.1:0", "dashboard.listen": "127.0.0.1:0",
	})
	keys := []string{"--from", operator, "--keyring-dir", named(net.Home()), "--keyring-backend", "test"}
	t.Log(m.says(slices.Concat([]string{"register", "--moniker", operator, "--class", "cpu-small", "--bond", "100tfuel", "--region", "de", "--yes"}, keys)...))

	d := m.start()
	defer func() {
		if t.Failed() {
			t.Log(d.text())
		}
	}()
	require.NoError(t, net.Await(t.Context(), patience, "the weight of both nodes", func() (bool, error) {
		live, err := net.LiveNodes(t.Context())
		return live >= 2, err
	}))
	checks, paid := m.doctor(net, keys)
	for _, check := range checks {
		t.Logf("%-8s %-12s %s", check.Verdict, check.Check, check.Text)
	}
	require.NotNil(t, paid)
	for _, leg := range paid.Legs {
		t.Logf("%-8s %5d ms  %s", leg.Leg, leg.Millis, leg.Detail)
		require.True(t, leg.Done, "%+v", leg)
	}
	require.Empty(t, paid.Failed)
	require.Len(t, paid.Legs, len(rehearsal.Legs()))
	for _, check := range checks {
		require.NotEqual(t, "MISSING", check.Verdict, "%+v", check)
	}

	require.NotEmpty(t, m.processes())
	require.Contains(t, m.says("dashboard"), "http://127.0.0.1:")
	// The daemon learns of its receipt from the next block that it reads.
	require.Eventually(t, func() bool { return strings.Contains(m.says("jobs"), "paid") }, patience, 200*time.Millisecond)
	t.Log(m.says("why"))
	t.Log(m.says("hardware"))
	m.says("pause")
	require.FileExists(t, filepath.Join(m.home, "paused"))
	m.says("resume")

	d.stop(t)
	require.NoFileExists(t, filepath.Join(m.home, "daemon.json"))
	requireGone(t, m)

	// A daemon that is killed takes the processes of its workers with it, and continues with its journal.
	killed := m.start()
	m.awaitAnswer(t, killed)
	require.Eventually(t, func() bool { return len(m.processes()) >= 2 }, time.Minute, 100*time.Millisecond, "expected a daemon and a worker")
	require.NoError(t, killed.command.Process.Kill())
	<-killed.ended
	requireGone(t, m)
	again := m.start()
	m.awaitAnswer(t, again)
	require.Contains(t, m.says("jobs"), "paid")
	again.stop(t)
}

// check is one line of doctor.
type check struct{ Verdict, Check, Text string }

// doctor looks at the node and makes the self-test.
func (m machine) doctor(net *devnet.Devnet, keys []string) ([]check, *rehearsal.Report) {
	m.t.Helper()
	out := m.says(slices.Concat([]string{"doctor", "--self-test", "--relay", net.Relay(), "--output", "json", "--yes"}, keys)...)
	var answer struct {
		Checks   []check
		SelfTest *rehearsal.Report `json:"self_test"`
	}
	require.NoError(m.t, json.Unmarshal([]byte(out), &answer), out)
	return answer.Checks, answer.SelfTest
}

// settings changes settings of a home.
func settings(t *testing.T, home string, values map[string]string) {
	t.Helper()
	draft, err := config.NewDraft(home, nil, values)
	require.NoError(t, err)
	require.NoError(t, draft.Write())
}

// requireGone waits until no process of the program is left.
func requireGone(t *testing.T, m machine) {
	t.Helper()
	require.Eventually(t, func() bool { return len(m.processes()) == 0 }, time.Minute, 100*time.Millisecond, "processes are left")
}

// awaitAnswer waits until a daemon answers other commands.
func (m machine) awaitAnswer(t *testing.T, d *daemon) {
	t.Helper()
	require.Eventually(t, func() bool { return m.command(t.Context(), "status").Run() == nil }, patience, time.Second, "the daemon does not answer")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(d.text())
		}
	})
}
