// The race detector would have to compile the whole app for these tests.
//go:build !race

package proven_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/rpcnode"
)

// service is a node's gRPC endpoint.
func service(node *rpcnode.Node) *proven.Service {
	return proven.NewService(node.Conn(), apptest.ChainID)
}

// down is a node that does not answer.
type down struct{ provider.Provider }

func (down) LightBlock(context.Context, int64) (*types.LightBlock, error) {
	return nil, errors.New("connection refused")
}

func follow(t *testing.T, change func(*proven.FollowerConfig)) (*proven.Follower, error) {
	t.Helper()
	cfg := proven.FollowerConfig{Now: time.Now}
	change(&cfg)
	return proven.Follow(t.Context(), cfg)
}

func TestRecordsAreProvenOverGRPCAlone(t *testing.T) {
	chain, id := edge.SettledJob(t)
	node := serve(t, chain, validators)
	for name, root := range map[string]proven.Root{"a root": rootAt(node, 3), "first use": {}} {
		t.Run(name, func(t *testing.T) {
			headers, err := follow(t, func(c *proven.FollowerConfig) { c.Primary, c.Root = service(node), root })
			require.NoError(t, err)
			reader := proven.NewReader(service(node), headers)
			receipt, record, err := reader.Receipt(t.Context(), id, 0, 0)
			require.NoError(t, err)
			require.NotNil(t, receipt)
			require.Equal(t, node.Newest()-2, record.Height, "the newest commit is in the block after")
			job, _, err := reader.Job(t.Context(), id, record.Height)
			require.NoError(t, err, "the header is believed for further records")
			require.Equal(t, id.String(), job.Id)
		})
	}
}

func TestAFollowerGoesOnWhereItStoodWithoutTheRoot(t *testing.T) {
	chain := shortChain(t)
	node := serve(t, chain, validators)
	path := filepath.Join(t.TempDir(), "trusted.json")
	keep := func(trusted *proven.Trusted) error { return trusted.Save(path) }
	root := rootAt(node, 4)
	headers, err := follow(t, func(c *proven.FollowerConfig) { c.Primary, c.Root, c.Keep = service(node), root, keep })
	require.NoError(t, err)
	_, err = headers.Header(t.Context(), 0)
	require.NoError(t, err)

	from, err := proven.LoadTrusted(path, apptest.ChainID)
	require.NoError(t, err)
	require.Equal(t, node.Newest()-1, from.Block.Height)
	chain.Blocks(3)
	// The node has forgotten the root's height, as nodes do.
	forgetful := forgets{Provider: service(node), below: 6}
	again, err := follow(t, func(c *proven.FollowerConfig) { c.Primary, c.Root, c.From = forgetful, root, from })
	require.NoError(t, err)
	header, err := again.Header(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, node.Newest()-1, header.Height)
	require.Contains(t, again.Grounds(), "height 4")

	t.Run("a root that was named since is the one that counts", func(t *testing.T) {
		_, err := follow(t, func(c *proven.FollowerConfig) {
			c.Primary, c.From, c.Root = service(node), from, proven.Root{Height: 5, Hash: bytes.Repeat([]byte{1}, 32)}
		})
		require.ErrorIs(t, err, proven.ErrHeader)
	})
	t.Run("of another chain it says nothing", func(t *testing.T) {
		from, err := proven.LoadTrusted(path, "another")
		require.NoError(t, err)
		require.Nil(t, from)
	})
}

type forgets struct {
	provider.Provider
	below int64
}

func (f forgets) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	if height != 0 && height < f.below {
		return nil, provider.ErrLightBlockNotFound
	}
	return f.Provider.LightBlock(ctx, height)
}

func TestAFollowerBelievesNoHeaderThatTheTrustedValidatorsDidNotSign(t *testing.T) {
	chain := shortChain(t)
	node, other := serve(t, chain, validators), serve(t, chain, strangers)
	for name, liar := range map[string]provider.Provider{
		"a chain of strangers": forged{Provider: service(node), other: service(other), above: 5},
		"another app hash":     tampered{service(node), func(b *types.LightBlock) { b.AppHash = bytes.Repeat([]byte{1}, 32) }},
		"another chain id":     tampered{service(node), func(b *types.LightBlock) { b.ChainID = "another" }},
		"a later time":         tampered{service(node), func(b *types.LightBlock) { b.Time = b.Time.Add(time.Hour * 48) }},
		"no answer":            forged{Provider: service(node), other: down{service(node)}, above: 5},
	} {
		t.Run(name, func(t *testing.T) {
			headers, err := follow(t, func(c *proven.FollowerConfig) { c.Primary, c.Root = liar, rootAt(node, 5) })
			require.NoError(t, err)
			for _, height := range []int64{0, 7} {
				_, err = headers.Header(t.Context(), height)
				require.Error(t, err)
			}
			// It has learned nothing from the liar.
			header, err := headers.Header(t.Context(), 5)
			require.NoError(t, err)
			require.Equal(t, node.Header(5).Hash(), header.Hash())
		})
	}
}

func TestOldHeadersAgainAreWorthWhatTheyWere(t *testing.T) {
	node := serve(t, shortChain(t), validators)
	replay := &replays{Provider: service(node)}
	headers, err := follow(t, func(c *proven.FollowerConfig) { c.Primary, c.Root = replay, rootAt(node, 4) })
	require.NoError(t, err)
	first, err := headers.Header(t.Context(), 0)
	require.NoError(t, err)
	replay.height = 4
	old, err := headers.Header(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, int64(4), old.Height, "it is the chain's, and says what was")
	replay.height = 6
	_, err = headers.Header(t.Context(), 0)
	require.ErrorIs(t, err, proven.ErrHeader, "one that was passed over is not verified backwards")
	_, err = headers.Header(t.Context(), 3)
	require.ErrorIs(t, err, proven.ErrHeader)
	require.Greater(t, first.Height, int64(6))
}

type replays struct {
	provider.Provider
	height int64
}

func (r *replays) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	if height == 0 {
		height = r.height
	}
	return r.Provider.LightBlock(ctx, height)
}

func TestAFollowerTooOldAsksForANewRoot(t *testing.T) {
	node := serve(t, shortChain(t), validators)
	root := rootAt(node, 4)
	root.Period = 2 * time.Hour // the headers are of an hour ago
	now := time.Now()
	clock := func() time.Time { return now }
	var kept *proven.Trusted
	config := func(c *proven.FollowerConfig) {
		c.Primary, c.Root, c.Now, c.Keep = service(node), root, clock, func(t *proven.Trusted) error { kept = t; return nil }
	}
	headers, err := follow(t, config)
	require.NoError(t, err)
	now = now.Add(2 * time.Hour)
	_, err = headers.Header(t.Context(), 0)
	require.ErrorIs(t, err, proven.ErrHeader)
	require.ErrorContains(t, err, "name a newer trust root")
	_, err = follow(t, config)
	require.ErrorContains(t, err, "name a newer trust root")

	t.Run("nobody has named one: the nodes are asked again, and what they show is too old as well", func(t *testing.T) {
		first := *kept
		first.FirstUse = true
		_, err = follow(t, func(c *proven.FollowerConfig) {
			config(c)
			c.Root, c.From = proven.Root{Period: root.Period}, &first
		})
		require.ErrorContains(t, err, "name a newer trust root")
	})
}

func TestWitnessesHaveToShowTheSame(t *testing.T) {
	chain := shortChain(t)
	started := time.Now().Add(-time.Hour)
	node, same := rpcnode.Start(t, chain, validators, started), rpcnode.Start(t, chain, validators, started)
	// The validators themselves have signed another chain: their stake is a liar's.
	fork := rpcnode.Start(t, chain, validators, started.Add(time.Second))
	strange := rpcnode.Start(t, chain, strangers, started)
	forkAbove := forged{Provider: service(same), other: service(fork), above: 5}
	for name, c := range map[string]struct {
		witnesses []provider.Provider
		first     string
		followed  string
	}{
		"one agrees":                            {witnesses: []provider.Provider{service(same)}},
		"one of two is down":                    {witnesses: []provider.Provider{down{service(same)}, service(same)}},
		"one of two shows what nobody signed":   {witnesses: []provider.Provider{service(strange), service(same)}, first: "one of them lies"},
		"all are down":                          {witnesses: []provider.Provider{down{service(same)}}, first: "none of 1 witnesses", followed: "none of 1 witnesses"},
		"the only one shows what nobody signed": {witnesses: []provider.Provider{service(strange)}, first: "one of them lies", followed: "none of 1 witnesses"},
		"one shows a fork that is signed":       {witnesses: []provider.Provider{service(same), forkAbove}, first: "one of them lies", followed: "has forked"},
	} {
		t.Run(name, func(t *testing.T) {
			headers, err := follow(t, func(f *proven.FollowerConfig) {
				f.Primary, f.Witnesses, f.Root = service(node), c.witnesses, rootAt(node, 5)
			})
			require.NoError(t, err)
			_, err = headers.Header(t.Context(), 0)
			expect(t, err, c.followed)
			_, err = follow(t, func(f *proven.FollowerConfig) { f.Primary, f.Witnesses = service(node), c.witnesses })
			expect(t, err, c.first)
		})
	}
}

func expect(t *testing.T, err error, text string) {
	t.Helper()
	if text == "" {
		require.NoError(t, err)
		return
	}
	require.ErrorContains(t, err, text)
}

func TestADamagedFileOfTrustIsToldAndNotTrusted(t *testing.T) {
	node := serve(t, shortChain(t), validators)
	block, err := service(node).LightBlock(t.Context(), 5)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "trusted.json")
	trusted := &proven.Trusted{Root: rootAt(node, 5), Block: block}
	for name, damage := range map[string]func(*types.LightBlock){
		"another app hash": func(b *types.LightBlock) { b.AppHash = bytes.Repeat([]byte{1}, 32) },
		"no validators":    func(b *types.LightBlock) { b.ValidatorSet = types.NewValidatorSet(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			wire, err := block.ToProto()
			require.NoError(t, err)
			changed, err := types.LightBlockFromProto(wire)
			require.NoError(t, err)
			damage(changed)
			if err := (&proven.Trusted{Root: trusted.Root, Block: changed}).Save(path); err != nil {
				return
			}
			_, err = proven.LoadTrusted(path, apptest.ChainID)
			require.ErrorContains(t, err, "delete it")
		})
	}
	require.NoError(t, trusted.Save(path))
	found, err := proven.LoadTrusted(path, apptest.ChainID)
	require.NoError(t, err)
	require.Equal(t, block.Hash(), found.Block.Hash())
}
