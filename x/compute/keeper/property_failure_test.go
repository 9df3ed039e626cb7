package keeper_test

import (
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/compute/types"
)

// checkFailures checks what failures earn where only a majority supports a result. However many
// nodes agree on a failure, each of them earns at most the attempt fee and nothing of another
// node's bond; and if all that majorities have accepted were failures, no node has come nearer to
// jail for contradicting one.
func (m *market) checkFailures(t *rapid.T) {
	succeeded := false
	for _, r := range m.ended() {
		job := m.job(r.JobId)
		if job.Guarantee().PaysFailures() {
			require.Zero(t, r.FailedTasks, "job %s", job.Id)
			succeeded = succeeded || job.Slashable
			continue
		}
		if r.Status != types.CHUNK_STATUS_ACCEPTED {
			require.Zero(t, r.FailedTasks, "job %s: nothing was accepted", job.Id)
			continue
		}
		require.LessOrEqual(t, r.FailedTasks, r.Count, "job %s", job.Id)
		if r.Count == 1 {
			require.Equal(t, r.ExitCode != 0, r.FailedTasks == 1, "job %s: exit code %d", job.Id, r.ExitCode)
		}
		succeeded = succeeded || r.FailedTasks == 0
		if r.FailedTasks == 0 {
			continue
		}
		most := job.Pay(r.Count - r.FailedTasks).Add(m.params().AttemptFee(job.Pay(r.FailedTasks)))
		for _, o := range r.Outcomes {
			require.True(t, o.Paid.LTE(most), "job %s: %s earned %s, of which %d tasks have failed", job.Id, o.Operator, o.Paid, r.FailedTasks)
			require.True(t, o.Share.IsZero(), "job %s: %s has gained %s by the silence of another node", job.Id, o.Operator, o.Share)
		}
	}
	if succeeded {
		return
	}
	for _, p := range m.players {
		node, err := m.nodes.Node(m.ctx, operator(p.n))
		require.NoError(t, err)
		require.Zero(t, node.State.Faults.Wrong, "node %d has contradicted failures only", p.n)
	}
}

// ended returns the receipts of all chunks that have ended, including those of this block.
func (m *market) ended() []types.Receipt {
	var all []types.Receipt
	for _, of := range m.receipts {
		all = append(all, of...)
	}
	for _, change := range changes[*types.ChunkChange_Ended](m.fixture) {
		all = append(all, *change.Ended)
	}
	return all
}
