package proven_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

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
	err := search.Overtaken(t.Context(), account.Address, 1, ours, since, until)
	require.ErrorIs(t, err, proven.ErrProof)
	require.ErrorContains(t, err, "the account's next sequence is 1", "it was not used")
	require.ErrorIs(t, search.Overtaken(t.Context(), other.Address, 0, ours, since, until), proven.ErrProof)
	require.ErrorContains(t, search.Overtaken(t.Context(), sdk.AccAddress("nobody.............."), 0, ours, since, until), "there is no account")

	err = search.Overtaken(t.Context(), account.Address, 0, ours, since, until)
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
