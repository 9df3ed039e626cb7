package cmd_test

import (
	"crypto/sha256"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/testutil/edge"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// agree has all nodes get the same result from now on.
func (m *market) agree(result string) {
	digest := sha256.Sum256([]byte(result))
	for i := range m.network.Nodes {
		m.network.Nodes[i].Result = digest[:]
	}
}

// open is a policy whose results may be challenged.
const open = "{audit: 5%, challenge_blocks: 400}"

// ended runs a job to its end. What follows the policy belongs to the job file.
func (m *market) ended(policy string) computetypes.Job {
	m.t.Helper()
	dir := filepath.Join(m.t.TempDir(), "result")
	_, err := m.compute("alice", "run", jobFile(m.t, startRelay(m.t), policy), "--out", dir)
	require.NoError(m.t, err)
	state, err := requester.LoadState(dir)
	require.NoError(m.t, err)
	for range 100 {
		m.blocks(1)
		if job := m.job(state.JobID); job.Ended() {
			require.Equal(m.t, computetypes.JOB_STATUS_COMPLETED, job.Status)
			return job
		}
	}
	require.FailNow(m.t, "the job has not ended")
	return computetypes.Job{}
}

// bonds is what all nodes have at stake.
func (m *market) bonds() int64 {
	total := params.Tfuel(0)
	for _, node := range m.network.Nodes {
		total = total.Add(m.network.Bond(m.chain, node))
	}
	return total.Quo(params.Tfuel(1)).Int64()
}

func TestAWrongResultIsChallengedAndItsMakersPay(t *testing.T) {
	m := newMarket(t, 10)
	m.node.Looked = func() { m.blocks(4) }
	for name, c := range map[string]struct{ tasks, task string }{
		"a job of one task": {"", "0"},
		"an array's task":   {"\ntasks: 5", "3"},
	} {
		m.agree("a lie")
		job := m.ended(open + c.tasks)
		m.agree("the truth")
		before := m.bonds()
		out, err := m.compute("relay", "challenge", job.Id, c.task, "--wait")
		require.NoError(t, err, name)
		require.Contains(t, out, "Cost: at most ", name)
		require.Contains(t, out, " judges the result\n", name)
		require.Contains(t, out, "settled: COMPLETED", name)
		require.Contains(t, out, "Wrong: the judges found another result", name)
		require.Less(t, m.bonds(), before, name)

		_, err = m.compute("relay", "challenge", job.Id, c.task)
		require.ErrorContains(t, err, "has been found wrong already", name)
		_, err = m.compute("relay", "challenge", job.Id, "77")
		require.Error(t, err, name)
	}
	edge.RequireInvariants(t, m.chain)
}

func TestAResultThatIsRightStands(t *testing.T) {
	m := newMarket(t, 10)
	m.node.Looked = func() { m.blocks(4) }
	m.agree("the truth")
	job := m.ended(open)
	before := m.bonds()
	out, err := m.compute("relay", "challenge", job.Id, "--wait")
	require.NoError(t, err)
	require.Contains(t, out, "Upheld")
	require.Equal(t, before, m.bonds())

	_, err = m.compute("relay", "challenge", m.ended("{audit: 5%}").Id)
	require.ErrorContains(t, err, "a policy with challenge_blocks")
	edge.RequireInvariants(t, m.chain)
}
