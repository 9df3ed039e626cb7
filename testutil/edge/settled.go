package edge

import (
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// postAt is the block that contains the job. By then the nodes have weight, from the
	// first epoch on.
	postAt = 14
	// maxBlocks is far more than a job needs.
	maxBlocks = 150
)

// SettledJob returns a chain on which honest nodes have completed a job a few blocks ago, and
// the job's id.
func SettledJob(t testing.TB) (*apptest.Chain, computetypes.JobID) {
	t.Helper()
	chain, id, _ := SettledArray(t, 1)
	return chain, id
}

// SettledArray is SettledJob for a job of several tasks. It also returns the results of every
// block by height.
func SettledArray(t testing.TB, tasks uint64) (*apptest.Chain, computetypes.JobID, map[int64]*abci.ResponseFinalizeBlock) {
	t.Helper()
	network := New(t, 5, 0)
	chain := apptest.New(t, network.Options()...)
	results := make(map[int64]*abci.ResponseFinalizeBlock)
	for block := range maxBlocks {
		txs := network.Act(chain)
		switch block {
		case 0:
			txs = append(txs, network.Register(chain)...)
		case postAt:
			txs = append(txs, network.PostArray(chain, params.TfuelCoin(1), tasks))
		}
		result := chain.NextBlock(txs...)
		results[chain.Height()] = result
		if jobs := network.Jobs(chain); len(jobs) == 1 && jobs[0].Ended() {
			id, err := computetypes.ParseJobID(jobs[0].Id)
			require.NoError(t, err)
			chain.Blocks(3)
			return chain, id, results
		}
	}
	require.FailNow(t, "the job has not ended")
	return nil, computetypes.JobID{}, nil
}
