// The race detector would have to compile the whole app for these tests.
//go:build !race

package proven_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/testutil/apptest"
)

// bodies shows blocks as a test wants.
type bodies map[int64]types.Txs

func (b bodies) Txs(_ context.Context, height int64) (types.Txs, error) { return b[height], nil }

func TestAnOvertakingIsProvenByTheAccountAndTheBlocks(t *testing.T) {
	account, other := apptest.Named(0), apptest.Named(1)
	chain := apptest.New(t, apptest.WithAccounts(2, params.TfuelCoin(1000)))
	chain.Blocks(4)
	since := chain.Height()
	send := banktypes.NewMsgSend(account.Address, other.Address, sdk.NewCoins(params.TfuelCoin(1)))
	chain.MustDeliver(account, send)
	chain.Blocks(4)
	node := serve(t, chain, validators)
	node.Bodies = bodies{since + 1: {[]byte("another's"), []byte("ours")}, since + 6: {[]byte("later")}}
	reader := reader(t, node)
	sum := sha256.Sum256([]byte("ours"))
	ours := []string{strings.ToUpper(hex.EncodeToString(sum[:]))}
	shown := bodies{since + 1: {[]byte("another's"), []byte("ours")}}
	search := proven.Search{Reader: reader, Bodies: shown}

	until := since + 3
	for _, later := range []int64{0, since + 100, math.MaxInt64} {
		err := search.Overtaken(t.Context(), account.Address, 1, ours, since, later)
		require.ErrorIs(t, err, proven.ErrProof)
		require.ErrorContains(t, err, "the account's next sequence is 1", "it was not used")
		require.ErrorIs(t, search.Overtaken(t.Context(), other.Address, 0, ours, since, later), proven.ErrProof)
	}
	require.ErrorContains(t, search.Overtaken(t.Context(), sdk.AccAddress("nobody.............."), 0, ours, since, until), "there is no account")

	err := search.Overtaken(t.Context(), account.Address, 0, ours, since, until)
	require.ErrorIs(t, err, proven.ErrProof)
	require.ErrorContains(t, err, "is in block", "it was ours that ran")
	for _, lie := range []bodies{{}, {since + 1: {[]byte("another's")}}, {since + 1: shown[since+1], since + 2: {[]byte("invented")}}} {
		search.Bodies = lie
		require.ErrorContains(t, search.Overtaken(t.Context(), account.Address, 0, []string{"NONE"}, since, until), "transactions other than those that the node shows")
	}
	search.Bodies = shown
	require.NoError(t, search.Overtaken(t.Context(), account.Address, 0, []string{"NONE"}, since, until), "used, and by none of these")
	require.ErrorContains(t, search.Overtaken(t.Context(), account.Address, 0, ours, -2000, 0), "blocks to search, found")
}

// A node named the height since which blocks are searched when the transaction was signed. If it
// named a later one, the search would miss the block that holds the transaction.
func TestAnOvertakingIsNotProvenByASearchThatBeginsTooLate(t *testing.T) {
	account, other := apptest.Named(0), apptest.Named(1)
	chain := apptest.New(t, apptest.WithAccounts(2, params.TfuelCoin(1000)))
	chain.Blocks(4)
	since := chain.Height()
	send := banktypes.NewMsgSend(account.Address, other.Address, sdk.NewCoins(params.TfuelCoin(1)))
	chain.MustDeliver(account, send)
	chain.Blocks(4)
	node := serve(t, chain, validators)
	node.Bodies = bodies{since + 1: {[]byte("ours")}}
	sum := sha256.Sum256([]byte("ours"))
	ours := []string{strings.ToUpper(hex.EncodeToString(sum[:]))}
	search := proven.Search{Reader: reader(t, node), Bodies: bodies{since + 1: types.Txs{[]byte("ours")}}}
	for _, late := range []int64{1, 2, 500} {
		err := search.Overtaken(t.Context(), account.Address, 0, ours, since+late, since+late+60)
		require.ErrorIs(t, err, proven.ErrProof, "ours ran in block %d, searched since %d", since+1, since+late)
	}
}

// A node alone says that a height has passed. It is proven by the header of that height and by the
// account's sequence after it, and the account's later transactions do not matter.
func TestAnExpiryIsProvenByTheAccountWhenTheHeightHasPassed(t *testing.T) {
	account, other := apptest.Named(0), apptest.Named(1)
	chain := apptest.New(t, apptest.WithAccounts(2, params.TfuelCoin(1000)))
	chain.Blocks(4)
	since := chain.Height()
	chain.Blocks(4)
	node := serve(t, chain, validators)
	search := proven.Search{Reader: reader(t, node), Bodies: bodies{}}
	for _, until := range []int64{since + 5, since + 60, 0} {
		require.ErrorIs(t, search.Overtaken(t.Context(), account.Address, 0, []string{"OURS"}, since, until), proven.ErrProof,
			"a block after %d may take it", chain.Height())
	}
	until := since + 4
	require.NoError(t, search.Overtaken(t.Context(), account.Address, 0, []string{"OURS"}, since, until))

	chain.MustDeliver(account, banktypes.NewMsgSend(account.Address, other.Address, sdk.NewCoins(params.TfuelCoin(1))))
	chain.Blocks(4)
	search.Reader = reader(t, node)
	require.NoError(t, search.Overtaken(t.Context(), account.Address, 0, []string{"OURS"}, since, until), "another has used the sequence since")
	require.NoError(t, search.Overtaken(t.Context(), account.Address, 0, []string{"OURS"}, since-5000, until), "no block has to be searched")
}

// results shows what the transactions of blocks led to, as a test wants.
type results map[int64][]*abci.ExecTxResult

func (r results) TxResults(_ context.Context, height int64) ([]*abci.ExecTxResult, error) {
	return r[height], nil
}

// A node alone says that a transaction failed in its block, so that another may be signed.
func TestAFailureInABlockIsProvenByTheResultsOfTheBlock(t *testing.T) {
	account, other := apptest.Named(0), apptest.Named(1)
	chain := apptest.New(t, apptest.WithAccounts(2, params.TfuelCoin(1000)))
	chain.Blocks(4)
	since := chain.Height()
	chain.MustDeliver(account, banktypes.NewMsgSend(account.Address, other.Address, sdk.NewCoins(params.TfuelCoin(1))))
	chain.Blocks(4)
	node := serve(t, chain, validators)
	block := types.Txs{[]byte("another's"), []byte("ours")}
	node.Bodies = bodies{since + 1: block}
	ended := []*abci.ExecTxResult{{Code: 0, GasUsed: 7}, {Code: 5, GasUsed: 8}}
	node.Results = map[int64]*abci.ResponseFinalizeBlock{since + 1: {TxResults: ended}}
	ask := func(tx string, shown proven.Results) error {
		sum := sha256.Sum256([]byte(tx))
		search := proven.Search{Reader: reader(t, node), Bodies: bodies(node.Bodies), Results: shown}
		return search.Overtaken(t.Context(), account.Address, 0, []string{strings.ToUpper(hex.EncodeToString(sum[:]))}, since, since+3)
	}
	require.NoError(t, ask("ours", results{since + 1: ended}), "it has failed")
	require.NoError(t, ask("ours", dial(t, node)))
	require.ErrorContains(t, ask("another's", results{since + 1: ended}), "is in block", "it was executed")
	require.ErrorContains(t, ask("ours", nil), "nothing proves that it failed")
	for _, lie := range []results{
		{},
		{since + 1: ended[:1]},
		{since + 1: {ended[0], nil}},
		{since + 1: {ended[1], ended[1]}},
		{since + 1: {{Code: 5, GasUsed: 7}, ended[1]}},
	} {
		err := ask("ours", lie)
		require.ErrorIs(t, err, proven.ErrProof)
		require.ErrorContains(t, err, "results other than those that the node shows")
	}
}
