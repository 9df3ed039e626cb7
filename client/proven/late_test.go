package proven_test

import (
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
