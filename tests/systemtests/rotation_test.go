//go:build system

package systemtests

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// TestAWorkerKeyThatIsRotatedWhileATaskRunsCostsNoBond: the home gets a new key, and keeps the salts of what the old
// one has committed to. The daemon notices.
func TestAWorkerKeyThatIsRotatedWhileATaskRunsCostsNoBond(t *testing.T) {
	t.Parallel()
	network := startNetwork(t)
	node := network.Nodes()[0]
	for _, when := range worstMoments() {
		t.Run(when.name, func(t *testing.T) {
			rotated := false
			run := follow(t, network, writeJob(t, fmt.Sprintf(textgen, root(t)), nil), func(p client.Progress) {
				if rotated || !when.now(p) {
					return
				}
				rotated = true
				command := exec.CommandContext(t.Context(), filepath.Join(root(t), "build", "thetaedge"), "register", "--rotate",
					"--home", node.Home(), "--from", node.Name, "--keyring-dir", network.Home(), "--keyring-backend", "test", "--yes")
				out, err := command.CombinedOutput()
				require.NoError(t, err, string(out))
				require.Contains(t, string(out), "begins anew")
			})
			require.True(t, rotated, "the job was over before the moment came")
			require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
			require.Len(t, paid(run), 3)
			requireUnharmed(t, network, run)
		})
	}
}
