package app_test

import (
	"errors"
	"testing"

	abcicli "github.com/cometbft/cometbft/abci/client"
	abci "github.com/cometbft/cometbft/abci/types"
	cmtcfg "github.com/cometbft/cometbft/config"
	cmtsync "github.com/cometbft/cometbft/libs/sync"
	cmtmempool "github.com/cometbft/cometbft/mempool"
	"github.com/cometbft/cometbft/proxy"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/server"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/app/pool"
	"github.com/thetaedge/theta/testutil/apptest"
)

// offer returns a tx of an account that sends coins to itself, at a price in atfuel per unit
// of gas.
func offer(chain *apptest.Chain, from apptest.Account, price int64) []byte {
	const gas = 100_000
	return chain.Sign(from, []sdk.Msg{banktypes.NewMsgSend(from.Address, from.Address, sdk.NewCoins(params.TfuelCoin(1)))},
		apptest.WithGas(gas), apptest.WithFee(sdk.NewCoin(params.BaseDenom, math.NewInt(price).MulRaw(gas))))
}

// node is CometBFT's own mempool in front of a chain.
type node struct {
	*cmtmempool.CListMempool
	t     *testing.T
	chain *apptest.Chain
}

// newNode returns a node with room for size txs in CometBFT's list, and for most txs in the
// app's pool.
func newNode(t *testing.T, size, most int) node {
	t.Helper()
	return nodeOf(t, size, apptest.New(t, apptest.WithAccounts(60, params.TfuelCoin(1_000)),
		apptest.WithAppOptions(map[string]any{server.FlagMempoolMaxTxs: most})))
}

// nodeOf returns a node in front of a running chain.
func nodeOf(t *testing.T, size int, chain *apptest.Chain) node {
	t.Helper()
	client := abcicli.NewLocalClient(new(cmtsync.Mutex), server.NewCometABCIWrapper(chain.App))
	config := cmtcfg.DefaultMempoolConfig()
	config.Size = size
	return node{
		t: t, chain: chain,
		CListMempool: cmtmempool.NewCListMempool(config, proxy.NewAppConnMempool(client, proxy.NopMetrics()), chain.Height()),
	}
}

// send sends a tx to the node and returns the app's code. full is set if CometBFT refuses it.
func (n node) send(tx []byte) (code uint32, full bool) {
	n.t.Helper()
	err := n.CheckTx(tx, func(r *abci.ResponseCheckTx) { code = r.Code }, cmtmempool.TxInfo{})
	if errors.As(err, &cmtmempool.ErrMempoolIsFull{}) {
		return 0, true
	}
	require.NoError(n.t, err)
	return code, false
}

// block commits txs and has the rest checked again.
func (n node) block(txs ...[]byte) {
	n.t.Helper()
	n.Lock()
	defer n.Unlock()
	results := n.chain.NextBlock(txs...).TxResults
	require.NoError(n.t, n.Update(n.chain.Height(), cmttypes.ToTxs(txs), results, nil, nil))
}

func TestAFullMempoolTakesWhoPaysMore(t *testing.T) {
	const most, size = 10, 25
	n := newNode(t, size, most)
	accounts := n.chain.Accounts
	for i := range most {
		code, full := n.send(offer(n.chain, accounts[i], 1_000_000_000))
		require.Zero(t, code)
		require.False(t, full)
	}
	code, full := n.send(offer(n.chain, accounts[most], 1_050_000_000))
	require.False(t, full)
	require.Equal(t, sdkerrors.ErrMempoolIsFull.ABCICode(), code, "who pays no tenth more is refused by the app")
	require.Equal(t, most, n.Size())

	// A tx that pays more drives out the cheapest one. CometBFT keeps the dropped ones until
	// the next block.
	sent := most + 1
	for price := int64(2_000_000_000); ; price += price / 5 {
		code, full = n.send(offer(n.chain, accounts[sent], price))
		if full {
			break
		}
		require.Zero(t, code)
		sent++
	}
	require.Equal(t, size, n.Size(), "mempool.size is where CometBFT refuses all, duties too")
	require.Equal(t, most, n.chain.App.Mempool().CountTx())

	n.block()
	require.Equal(t, most, n.Size(), "what was driven out has left CometBFT's list")
	dear := offer(n.chain, accounts[sent], 1<<50)
	code, full = n.send(dear)
	require.Zero(t, code)
	require.False(t, full)
	txs := n.chain.Propose()
	require.Equal(t, dear, txs[0])
	n.block(txs...)
	require.Zero(t, n.Size())
	require.Zero(t, n.chain.App.Mempool().CountTx())
}

func TestASenderHasAFewTxsInTheMempool(t *testing.T) {
	n := newNode(t, 1_000, 1_000)
	few := pool.DefaultLimits().PerSender
	for i := range few + 20 {
		code, _ := n.send(offer(n.chain, n.chain.Accounts[0], 1_000_000_000))
		require.Equal(t, i >= few, code == sdkerrors.ErrMempoolIsFull.ABCICode(), "tx %d: code %d", i, code)
	}
	require.Equal(t, few, n.Size())
	txs := n.chain.Propose()
	require.Len(t, txs, few, "in the order of their sequences")
	require.Equal(t, accept, n.chain.Judge(txs...))
	n.block(txs...)
	code, _ := n.send(offer(n.chain, n.chain.Accounts[0], 1_000_000_000))
	require.Zero(t, code, "there is room again")
}

func TestACheapTxIsNoReasonToKeepADearOneOutOfABlock(t *testing.T) {
	chain := apptest.New(t, smallBlocks(20_000_000, 1<<20))
	for range 4 {
		stuffer := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(5_000_000))
		require.Zero(t, chain.Check(stuffer).Code)
	}
	reveal := offer(chain, chain.Accounts[2], 100_000_000_000)
	require.Zero(t, chain.Check(reveal).Code)
	require.Equal(t, reveal, chain.Propose()[0], "price decides, not arrival")
}
