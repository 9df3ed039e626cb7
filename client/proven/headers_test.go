// The race detector would have to compile the whole app for these tests.
//go:build !race

package proven_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/rpcnode"
)

func shortChain(t *testing.T) *apptest.Chain {
	t.Helper()
	chain := apptest.New(t)
	chain.Blocks(8)
	return chain
}

func TestHeadersFollowFromARoot(t *testing.T) {
	node := serve(t, shortChain(t), validators)
	headers, err := fromRoot(t, rootAt(node, 5), node, serve(t, shortChain(t), validators))
	require.Error(t, err, "a witness whose clock differs shows other headers")
	require.Nil(t, headers)

	headers, err = fromRoot(t, rootAt(node, 5), node, node)
	require.NoError(t, err)
	for _, height := range []int64{0, 5, 9, 3, 7} {
		header, err := headers.Header(t.Context(), height)
		require.NoError(t, err, "height %d", height)
		if height == 0 {
			height = node.Newest()
		}
		require.Equal(t, node.Header(height).Hash(), header.Hash())
	}
	require.Contains(t, headers.Grounds(), "height 5; witnesses asked: 1")
}

func TestTheNewestHeaderMayBeTheRoot(t *testing.T) {
	node := serve(t, shortChain(t), validators)
	headers, err := fromRoot(t, rootAt(node, node.Newest()), node)
	require.NoError(t, err)
	header, err := headers.Header(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, node.Newest(), header.Height)
	require.Contains(t, headers.Grounds(), "no witness was asked")
}

func TestRootsThatTheChainDoesNotHaveAreRefused(t *testing.T) {
	chain := shortChain(t)
	node := serve(t, chain, validators)
	for name, root := range map[string]proven.Root{
		"another hash":   {Height: 5, Hash: bytes.Repeat([]byte{7}, 32)},
		"another height": {Height: 6, Hash: node.Header(5).Hash()},
		"half a hash":    {Height: 5, Hash: node.Header(5).Hash()[:16]},
		"no height":      {Hash: node.Header(5).Hash()},
		"strangers":      rootAt(serve(t, chain, strangers), 5),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fromRoot(t, root, node)
			require.ErrorIs(t, err, proven.ErrHeader)
		})
	}
}

func TestRootsTooOldToFollowAreRefused(t *testing.T) {
	node := serve(t, shortChain(t), validators)
	root := rootAt(node, 5)
	root.Period = time.Minute
	headers, err := fromRoot(t, root, node)
	require.NoError(t, err)
	_, err = headers.Header(t.Context(), 0)
	require.ErrorIs(t, err, proven.ErrHeader)
	require.ErrorContains(t, err, "expired")
}

// forged shows the headers of one node up to a height, and of another above it.
type forged struct {
	provider.Provider
	other provider.Provider
	above int64
}

func (f forged) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	if height == 0 || height > f.above {
		return f.other.LightBlock(ctx, height)
	}
	return f.Provider.LightBlock(ctx, height)
}

func TestHeadersThatTheTrustedValidatorsDidNotSignAreRefused(t *testing.T) {
	chain := shortChain(t)
	node, other := serve(t, chain, validators), serve(t, chain, strangers)
	forger := forged{Provider: dial(t, node).Provider(), other: dial(t, other).Provider(), above: 5}
	headers, err := proven.FromRoot(t.Context(), rootAt(node, 5), forger, nil, time.Now)
	require.NoError(t, err)
	for _, height := range []int64{0, 6, 8} {
		_, err = headers.Header(t.Context(), height)
		require.ErrorIs(t, err, proven.ErrHeader, "height %d", height)
	}
}

// tampered changes the headers of a node.
type tampered struct {
	provider.Provider
	change func(*types.LightBlock)
}

func (p tampered) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	block, err := p.Provider.LightBlock(ctx, height)
	if err == nil && block.Height > 5 {
		p.change(block)
	}
	return block, err
}

func TestTamperedHeadersAreRefused(t *testing.T) {
	node := serve(t, shortChain(t), validators)
	for name, change := range map[string]func(*types.LightBlock){
		"another app hash": func(b *types.LightBlock) { b.AppHash = bytes.Repeat([]byte{1}, 32) },
		"another time":     func(b *types.LightBlock) { b.Time = b.Time.Add(time.Second) },
		"another chain":    func(b *types.LightBlock) { b.ChainID = "another" },
		"another height":   func(b *types.LightBlock) { b.Header.Height-- },
		"a signature less": func(b *types.LightBlock) {
			for i := range b.Commit.Signatures {
				if b.Commit.Signatures[i].BlockIDFlag == types.BlockIDFlagCommit {
					b.Commit.Signatures[i] = types.NewCommitSigAbsent()
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			liar := tampered{Provider: dial(t, node).Provider(), change: change}
			followed, err := proven.FromRoot(t.Context(), rootAt(node, 5), liar, nil, time.Now)
			require.NoError(t, err)
			agreed, err := proven.FromNodes([]provider.Provider{liar, liar})
			require.NoError(t, err)
			for _, headers := range []proven.Headers{followed, agreed} {
				_, err = headers.Header(t.Context(), 8)
				require.ErrorIs(t, err, proven.ErrHeader, headers.Grounds())
			}
		})
	}
}

func TestNodesHaveToAgree(t *testing.T) {
	chain := shortChain(t)
	started := time.Now().Add(-time.Hour)
	one, two := rpcnode.Start(t, chain, validators, started), rpcnode.Start(t, chain, validators, started)
	other := rpcnode.Start(t, chain, strangers, started)

	headers, err := proven.FromNodes([]provider.Provider{dial(t, one).Provider(), dial(t, two).Provider()})
	require.NoError(t, err)
	header, err := headers.Header(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, one.Newest(), header.Height)

	headers, err = proven.FromNodes([]provider.Provider{dial(t, one).Provider(), dial(t, other).Provider()})
	require.NoError(t, err)
	_, err = headers.Header(t.Context(), 0)
	require.ErrorIs(t, err, proven.ErrHeader)
	require.ErrorContains(t, err, "one of them lies")

	_, err = proven.FromNodes([]provider.Provider{dial(t, one).Provider()})
	require.ErrorIs(t, err, proven.ErrHeader)
}

func TestNodesOfTwoChainsDoNotAgree(t *testing.T) {
	node := dial(t, serve(t, shortChain(t), validators))
	other := *node
	other.ChainID = "another"
	_, err := proven.FromNodes([]provider.Provider{node.Provider(), other.Provider()})
	require.ErrorIs(t, err, proven.ErrHeader)
}
