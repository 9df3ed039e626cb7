package proven_test

import (
	"testing"
	"time"

	"github.com/cometbft/cometbft/light/provider"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/rpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	validators = "validators"
	strangers  = "strangers"
	// maxBlocks is far more than a job takes.
	maxBlocks = 150
)

// settledJob is a chain on which a job has ended with a receipt.
func settledJob(t *testing.T) (*apptest.Chain, computetypes.JobID) {
	t.Helper()
	network := edge.New(t, 5, 0)
	chain := apptest.New(t, network.Options()...)
	for block := range maxBlocks {
		txs := network.Act(chain)
		switch block {
		case 0:
			txs = append(txs, network.Register(chain)...)
		case 14:
			txs = append(txs, network.Post(chain, params.TfuelCoin(1)))
		}
		chain.NextBlock(txs...)
		if jobs := network.Jobs(chain); len(jobs) == 1 && jobs[0].Ended() {
			id, err := computetypes.ParseJobID(jobs[0].Id)
			require.NoError(t, err)
			chain.Blocks(3)
			return chain, id
		}
	}
	require.FailNow(t, "the job has not ended")
	return nil, computetypes.JobID{}
}

// serve starts a node whose headers begin an hour ago.
func serve(t *testing.T, chain *apptest.Chain, signers string) *rpcnode.Node {
	t.Helper()
	return rpcnode.Start(t, chain, signers, time.Now().Add(-time.Hour))
}

func dial(t *testing.T, node *rpcnode.Node) *proven.Endpoint {
	t.Helper()
	endpoint, err := proven.Dial(t.Context(), node.Address)
	require.NoError(t, err)
	require.Equal(t, apptest.ChainID, endpoint.ChainID)
	return endpoint
}

// rootAt trusts a node's header.
func rootAt(node *rpcnode.Node, height int64) proven.Root {
	return proven.Root{Height: height, Hash: node.Header(height).Hash()}
}

func fromRoot(t *testing.T, root proven.Root, primary *rpcnode.Node, witnesses ...*rpcnode.Node) (proven.Headers, error) {
	t.Helper()
	others := make([]provider.Provider, len(witnesses))
	for i, witness := range witnesses {
		others[i] = dial(t, witness).Provider()
	}
	return proven.FromRoot(t.Context(), root, dial(t, primary).Provider(), others, time.Now)
}

// reader believes what follows from a header of the node itself.
func reader(t *testing.T, node *rpcnode.Node) *proven.Reader {
	t.Helper()
	headers, err := fromRoot(t, rootAt(node, 3), node)
	require.NoError(t, err)
	return proven.NewReader(dial(t, node), headers)
}
