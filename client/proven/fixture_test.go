// The race detector would have to compile the whole app for these tests.
//go:build !race

package proven_test

import (
	"testing"
	"time"

	"github.com/cometbft/cometbft/light/provider"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/rpcnode"
)

const (
	validators = "validators"
	strangers  = "strangers"
)

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
