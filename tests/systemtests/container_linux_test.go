//go:build system && linux

package systemtests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// engineSocket returns the container engine of THETA_DOCKER_SOCKET, or one that is started for the test.
func engineSocket(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("THETA_DOCKER_SOCKET"); named != "" {
		return "unix://" + strings.TrimPrefix(named, "unix://")
	}
	dir, err := os.MkdirTemp("", "theta-dockerd-") // the path of a socket is short
	require.NoError(t, err)
	script := filepath.Join(root(t), "scripts", "dockerd.sh")
	t.Cleanup(func() { require.NoError(t, exec.Command(script, "stop", dir).Run()) })
	socket, err := exec.Command(script, "start", dir).Output()
	if err != nil && os.Getenv("THETA_DOCKER") == "require" {
		t.Fatalf("THETA_DOCKER=require, and there is no container engine: %v", err)
	}
	if err != nil {
		t.Skipf("NOT TESTED: jobs of container/1, because there is no container engine: %v", err)
	}
	return "unix://" + strings.TrimSpace(string(socket))
}

func TestAnImageRunsUnderTrust(t *testing.T) {
	t.Parallel()
	socket := engineSocket(t)
	build := exec.Command(filepath.Join(root(t), "examples", "container", "build.sh"))
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	network := startNetwork(t, func(o *devnet.Options) {
		o.Containers = socket
		o.Params = map[string]map[string]any{"compute": {"executors": []string{"wasm/1", "tensor/1", "container/1"}}}
	})
	job := writeJob(t, `
executor: container/1
program: `+filepath.Join(root(t), "build", "words.tar")+`
args: ["1"]
inputs: {text.txt: text.txt}
resources: {fuel: 60_000_000_000, memory: 64MiB, output: 64KiB}
class: cpu-small
policy: {trust: any, review_blocks: 5}
reward: 1tfuel
`, map[string][]byte{"text.txt": []byte("one two two")})
	run := follow(t, network, job, ignore)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
	require.Len(t, paid(run), 1)
	found, err := os.ReadFile(filepath.Join(run.Dir, "words.json"))
	require.NoError(t, err)
	require.JSONEq(t, `[{"word":"two","count":2}]`, string(found))
	requireUnharmed(t, network, run)
}
