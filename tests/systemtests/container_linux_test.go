//go:build system

package systemtests

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/containers"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// containerTurns makes the program of a container compute for some seconds.
const containerTurns = 20_000_000

const containerJob = `
executor: container/1
program: image.tar
args: ["%d"]
inputs: {seed: seed}
resources: {fuel: 60_000_000_000, memory: 32MiB, output: 4KiB}
class: cpu-small
reward: 1tfuel
policy: %s
prepare_blocks: 40
commit_blocks: 200
lifetime_blocks: 600
`

// TestContainersArePaidByAMajorityAndByTrust: three nodes run an image that is an input, once as a quorum, and once one
// of them for a requester who names it. Nothing is slashed, and no container is left.
func TestContainersArePaidByAMajorityAndByTrust(t *testing.T) {
	t.Parallel()
	socket := containers.Socket()
	if socket == "" {
		if os.Getenv("THETA_DOCKER") == "require" {
			t.Fatalf("THETA_DOCKER=require, and %s names no container engine", containers.SocketVariable)
		}
		t.Skipf("NOT TESTED: container/1 on a network, because %s names no container engine", containers.SocketVariable)
	}
	network := startNetwork(t, func(o *devnet.Options) { o.Engine = socket })
	image := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, containers.Image(t.Context(), image))
	content, err := os.ReadFile(image)
	require.NoError(t, err)
	seed := []byte("seed of a container")
	node := network.Nodes()[1]
	for _, c := range []struct {
		policy    string
		guarantee computetypes.Guarantee
		paid      int
	}{
		{"{quorum: 3}", computetypes.GUARANTEE_MAJORITY, 3},
		{fmt.Sprintf("{trust: %s, review_blocks: 5}", node.Operator), computetypes.GUARANTEE_TRUSTED, 1},
	} {
		job := writeJob(t, fmt.Sprintf(containerJob, containerTurns, c.policy), map[string][]byte{"image.tar": content, "seed": seed})
		run := follow(t, network, job, func(client.Progress) {})
		receipt := run.Settlement.Receipt
		require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
		require.Equal(t, c.guarantee, receipt.Guarantee)
		paid := 0
		for _, outcome := range receipt.Outcomes {
			if outcome.Status == computetypes.ASSIGNMENT_STATUS_PAID {
				paid++
			}
		}
		require.Equal(t, c.paid, paid, "%s", c.policy)
		found, err := os.ReadFile(filepath.Join(run.Dir, "digest"))
		require.NoError(t, err)
		require.Equal(t, containers.Digest(seed, containerTurns), string(found))
		requireUnharmed(t, network, run)
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		left, err := containers.List(t.Context(), socket)
		require.NoError(c, err)
		require.Empty(c, left)
	}, time.Minute, time.Second)
}
