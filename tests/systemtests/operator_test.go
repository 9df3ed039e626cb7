//go:build system

package systemtests

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tests/devnet"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// TestAnOperatorCaresForItsNodeWithTheProgramOfTheNodeAlone: what a person without thetad does.
func TestAnOperatorCaresForItsNodeWithTheProgramOfTheNodeAlone(t *testing.T) {
	t.Parallel()
	network := startNetwork(t, func(o *devnet.Options) { o.Nodes = 1 })
	thetaedge := filepath.Join(root(t), "build", "thetaedge")
	node := network.Nodes()[0]
	keyring := []string{"--keyring-dir", network.Home(), "--keyring-backend", "test"}
	run := func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), thetaedge, append(args, keyring...)...).CombinedOutput()
		return string(out), err
	}
	order := func(args ...string) (string, error) {
		return run(append(append([]string{"operator"}, args...), "--home", node.Home(), "--yes")...)
	}
	status := func() edgenodetypes.NodeState {
		found, err := edgenodetypes.NewQueryClient(network.Conn()).Node(t.Context(), &edgenodetypes.QueryNodeRequest{Operator: network.Address(node.Name)})
		require.NoError(t, err)
		return found.Node.State
	}
	address, err := run("keys", "show", node.Name, "--address")
	require.NoError(t, err, address)
	require.Equal(t, network.Address(node.Name)+"\n", address, "the keys that thetad has made")

	out, err := order("claim", "--from", "nemo")
	require.Error(t, err)
	require.Contains(t, out, `--from: expected a key named "nemo"`)
	out, err = order("unjail", "--from", node.Name)
	require.Error(t, err)
	require.Contains(t, out, "to be jailed, found it active")
	out, err = order("claim", "--from", node.Name)
	require.Error(t, err)
	require.Contains(t, out, "that are not claimed, found none")
	out, err = order("pause", "--from", "alice")
	require.Error(t, err)
	require.Contains(t, out, "the operator that the home "+node.Home()+" works for")

	out, err = order("pause", "--from", node.Name)
	require.NoError(t, err, out)
	require.Contains(t, out, "done in block ")
	require.Equal(t, edgenodetypes.NODE_STATUS_PAUSED, status().Status)
	out, err = order("resume", "--from", node.Name)
	require.NoError(t, err, out)
	require.Equal(t, edgenodetypes.NODE_STATUS_ACTIVE, status().Status)
	bond := status().Bond
	out, err = order("bond", "1tfuel", "--from", node.Name)
	require.NoError(t, err, out)
	require.True(t, status().Bond.GT(bond), out)
	out, err = order("unbond", "1tfuel", "--from", node.Name)
	require.NoError(t, err, out)
	require.Equal(t, bond.String(), status().Bond.String())
	out, err = order("retire", "--from", node.Name)
	require.NoError(t, err, out)
	require.Equal(t, edgenodetypes.NODE_STATUS_RETIRED, status().Status)
}
