// Package twin runs the same blocks through several copies of the app and compares the
// results: the app hash, and code, data and gas of every tx.
package twin

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/thetaedge/theta/testutil/apptest"
)

// Script returns the txs of the next block. It is called for the leader only; all copies
// receive the same bytes. i counts from zero.
type Script func(leader *apptest.Chain, i int) [][]byte

// Variant is a way to run an app that must not change its results.
type Variant struct {
	Name    string
	Options []apptest.Option
	// RestartAfter lists the blocks, counted from zero, after which the app is closed and
	// reopened.
	RestartAfter []int
	// CheckTx runs the mempool's check of every tx before its block.
	CheckTx bool
}

// Variants returns the ways in which real nodes differ: a node that was restarted half way,
// one whose mempool checked the txs, and one that executes them in parallel.
func Variants(t testing.TB, blocks int) []Variant {
	t.Helper()
	return []Variant{
		{Name: "same", CheckTx: false},
		{Name: "checked", CheckTx: true},
		{
			Name:         "restarted",
			Options:      []apptest.Option{apptest.WithDir(t.TempDir())},
			RestartAfter: []int{0, blocks / 2},
		},
		{Name: "parallel", Options: []apptest.Option{apptest.WithAppOptions(map[string]any{
			"block-executor": serverconfig.BlockExecutorBlockSTM, "block-stm-workers": 4,
		})}},
	}
}

// Run runs blocks of script on a leader and on each variant, all with options. It fails at
// the first block at which they differ. It returns the leader.
func Run(t testing.TB, blocks int, script Script, variants []Variant, options ...apptest.Option) *apptest.Chain {
	t.Helper()
	leader := apptest.New(t, options...)
	followers := Follow(t, leader, variants, func() []apptest.Option { return options })
	for i := range blocks {
		txs := script(leader, i)
		followers.Next(0, txs, leader.NextBlock(txs...))
	}
	return leader
}

// Followers are variants that receive the blocks of a leader.
type Followers struct {
	t        testing.TB
	variants []Variant
	chains   []*apptest.Chain
	// blocks counts the blocks that have been followed.
	blocks int
}

// Follow starts a chain for each variant, with the options that options returns for it and
// the variant's own. The leader must be at its first block.
func Follow(t testing.TB, leader *apptest.Chain, variants []Variant, options func() []apptest.Option) *Followers {
	t.Helper()
	f := &Followers{t: t, variants: variants}
	for _, variant := range variants {
		chain := apptest.New(t, append(append([]apptest.Option{}, options()...), variant.Options...)...)
		require.Equal(t, leader.AppHash(), chain.AppHash(), "%s: app hash after genesis", variant.Name)
		f.chains = append(f.chains, chain)
	}
	return f
}

// Next gives all followers the leader's block, whose header was later than usual by skip. It
// fails if the result of one of them differs from expected.
func (f *Followers) Next(skip time.Duration, txs [][]byte, expected *abci.ResponseFinalizeBlock) {
	f.t.Helper()
	for i, variant := range f.variants {
		f.chains[i].Skip(skip)
		f.follow(f.chains[i], variant, txs, expected)
	}
	f.blocks++
}

func (f *Followers) follow(
	chain *apptest.Chain, variant Variant, txs [][]byte, expected *abci.ResponseFinalizeBlock,
) {
	f.t.Helper()
	if variant.CheckTx {
		for _, tx := range txs {
			chain.Check(tx)
		}
	}
	found := chain.NextBlock(txs...)
	for i, result := range found.TxResults {
		want := expected.TxResults[i]
		require.Equal(f.t, want.Code, result.Code, "%s: code of tx %d of block %d: %s", variant.Name, i, f.blocks, result.Log)
		require.Equal(f.t, want.Data, result.Data, "%s: data of tx %d of block %d", variant.Name, i, f.blocks)
		require.Equal(f.t, want.GasUsed, result.GasUsed, "%s: gas of tx %d of block %d", variant.Name, i, f.blocks)
	}
	require.Equal(f.t, expected.AppHash, found.AppHash, "%s: app hash of block %d", variant.Name, f.blocks)
	for _, at := range variant.RestartAfter {
		if at == f.blocks {
			chain.Restart()
		}
	}
}
