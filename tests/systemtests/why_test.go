//go:build system

package systemtests

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/rehearsal"
	"github.com/thetaedge/theta/sidecar/why"
	"github.com/thetaedge/theta/tests/devnet"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// whyPatience is how long a broken set-up may need until it is named.
const whyPatience = 5 * time.Minute

// explainer asks thetaedge why of homes.
type explainer struct {
	t         *testing.T
	thetaedge string
}

// finding is one cause of an answer.
type finding struct{ Cause, Sentence, Cure string }

func (e explainer) ask(home string, args ...string) []finding {
	e.t.Helper()
	out, err := exec.CommandContext(e.t.Context(), e.thetaedge, append([]string{"why", "--home", home, "--output", "json"}, args...)...).CombinedOutput()
	require.NoError(e.t, err, string(out))
	var answer struct{ Findings []finding }
	require.NoError(e.t, json.Unmarshal(out, &answer), string(out))
	require.NotEmpty(e.t, answer.Findings)
	return answer.Findings
}

// first waits until a cause is named first. A lease that lapsed is left out unless it is the cause
// that is waited for, because the leases of nodes that may not renew them end during the test.
func (e explainer) first(home string, want why.Cause, args ...string) finding {
	e.t.Helper()
	return e.behind(why.LeaseLapsed, home, want, args...)
}

// behind waits until a cause is named first, apart from another one. One answer does not decide: a
// query of a slow machine may take too long.
func (e explainer) behind(other why.Cause, home string, want why.Cause, args ...string) finding {
	e.t.Helper()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	patience := time.NewTimer(whyPatience)
	defer patience.Stop()
	for {
		found := e.ask(home, args...)
		for _, f := range found {
			if f.Cause == string(want) {
				return f
			}
			if f.Cause != string(other) {
				break
			}
		}
		select {
		case <-ticker.C:
		case <-patience.C:
			e.t.Fatalf("expected %s first, found %+v", want, found)
		}
	}
}

// TestABrokenNodeIsToldWhatIsWrongAndAGoodOneIsTried breaks the preconditions of nodes one by one.
// Each is named first, and a paid job goes through a node with nothing wrong.
func TestABrokenNodeIsToldWhatIsWrongAndAGoodOneIsTried(t *testing.T) {
	t.Parallel()
	network := startNetwork(t, func(o *devnet.Options) {
		o.Nodes, o.BlockPause, o.Epoch = 3, 300*time.Millisecond, 4*time.Second
		o.Params = map[string]map[string]any{"edgenode": {"lease_blocks": "60"}}
	})
	good, choosy := network.Nodes()[0], network.Nodes()[2]
	e := explainer{t, filepath.Join(root(t), "build", "thetaedge")}

	require.NoError(t, network.Kill(choosy.Name))
	e.first(choosy.Home(), why.DaemonStopped)
	setMinRewards(t, choosy.Home(), "1000tfuel")
	require.NoError(t, network.Restart(choosy.Name))

	e.first(good.Home(), why.NoTasks)
	report := tryPaidJob(t, network, good)
	require.Empty(t, report.Failed, "%+v", report)
	require.Len(t, report.Legs, len(rehearsal.Legs()))
	for _, leg := range report.Legs {
		require.True(t, leg.Done, "%+v", leg)
		t.Logf("%-8s %5d ms  %s", leg.Leg, leg.Millis, leg.Detail)
	}
	e.first(good.Home(), why.Earning)

	job := writeJob(t, smallJob+"policy: {audit: 100%}\n", map[string][]byte{"program.wasm": endless})
	follow(t, network, job, ignore)
	require.Contains(t, e.first(choosy.Home(), why.PriceTooHigh).Sentence, "1000 tfuel")

	pausing := exec.CommandContext(t.Context(), e.thetaedge, "pause", "--home", good.Home())
	require.NoError(t, pausing.Run())
	e.first(good.Home(), why.Paused)

	revokeGrant(t, network, choosy)
	require.Contains(t, e.first(choosy.Home(), why.GrantMissing).Cure, "thetaedge register")

	requireFreshHomeExplained(t, network, e)
	require.Contains(t, e.first(good.Home(), why.LeaseLapsed).Cure, "thetaedge resume", "a paused node lets its lease end")
}

// requireFreshHomeExplained breaks a home that is not registered.
func requireFreshHomeExplained(t *testing.T, network *devnet.Devnet, e explainer) {
	t.Helper()
	home := filepath.Join(t.TempDir(), "fresh")
	thetadOutput(t, e.thetaedge, "init", "--home", home, "--grpc", network.GRPC())
	ports := []string{"start", "--api.grpc", "127.0.0.1:0", "--api.http", "127.0.0.1:0"}
	stop := inPlace(t, e.thetaedge, home, ports...)
	require.Contains(t, e.first(home, why.Unregistered).Cure, "thetaedge register")
	stop()
	e.first(home, why.DaemonStopped)
	e.behind(why.DaemonStopped, home, why.OtherChain, "--chain.id", "theta-other-1")
	stop = inPlace(t, e.thetaedge, home, append(ports, "--chain.grpc", "127.0.0.1:1")...)
	require.Contains(t, e.first(home, why.EndpointUnreachable, "--chain.grpc", "127.0.0.1:1").Sentence, "127.0.0.1:1")
	stop()
}

// setMinRewards changes a setting of a home.
func setMinRewards(t *testing.T, home, least string) {
	t.Helper()
	path := filepath.Join(home, "config.toml")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	lines, changed := strings.Split(string(raw), "\n"), false
	for i, line := range lines {
		if strings.HasPrefix(line, "min-rewards =") {
			lines[i], changed = `min-rewards = ["`+least+`"]`, true
		}
	}
	require.True(t, changed, "%s has no min-rewards", path)
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
}

// tryPaidJob runs doctor with its self-test.
func tryPaidJob(t *testing.T, network *devnet.Devnet, node devnet.Node) rehearsal.Report {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(root(t), "build", "thetaedge"), "doctor", "--home", node.Home(), "--self-test",
		"--from", node.Name, "--keyring-dir", network.Home(), "--keyring-backend", "test", "--relay", network.Relay(), "--output", "json", "--yes")
	out, err := command.Output()
	var answer struct {
		SelfTest *rehearsal.Report `json:"self_test"`
	}
	require.NoError(t, json.Unmarshal(out, &answer), "%s\n%v", out, err)
	require.NotNil(t, answer.SelfTest, "%s\n%v", out, err)
	return *answer.SelfTest
}

// revokeGrant ends the fee grant of a node's worker.
func revokeGrant(t *testing.T, network *devnet.Devnet, node devnet.Node) {
	t.Helper()
	answer, err := edgenodetypes.NewQueryClient(network.Conn()).Node(t.Context(), &edgenodetypes.QueryNodeRequest{Operator: network.Address(node.Name)})
	require.NoError(t, err)
	worker, err := sdk.AccAddressFromBech32(answer.Node.Profile.Worker)
	require.NoError(t, err)
	signer, err := network.Signer(node.Name)
	require.NoError(t, err)
	c, err := network.Client(t.Context())
	require.NoError(t, err)
	_, err = c.Execute(t.Context(), signer, chain.RevokeGrant(signer.Address(), worker))
	require.NoError(t, err)
}
