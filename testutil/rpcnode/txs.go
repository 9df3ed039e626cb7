package rpcnode

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	"github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/server/config"

	"github.com/thetaedge/theta/testutil/apptest"
)

// TakeTxs makes the node accept transactions. Each is put at once into a block that next
// makes, as its first transaction. The node then also serves what clients query about
// transactions, blocks and the node itself.
func (n *Node) TakeTxs(next func(tx []byte) *abci.ResponseFinalizeBlock) {
	n.t.Helper()
	n.make = next
	if n.Results == nil {
		n.Results = make(map[int64]*abci.ResponseFinalizeBlock)
	}
	comet, err := client.NewClientFromNode(n.Address)
	require.NoError(n.t, err)
	app := n.chain.App
	clientCtx := client.Context{}.WithClient(comet).WithChainID(apptest.ChainID).
		WithCodec(app.AppCodec()).WithInterfaceRegistry(app.InterfaceRegistry()).WithTxConfig(app.TxConfig())
	app.RegisterTxService(clientCtx)
	app.RegisterTendermintService(clientCtx)
	app.RegisterNodeService(clientCtx, *config.DefaultConfig())
}

// Last returns the transaction that was accepted last, or nil if there was none.
func (n *Node) Last() []byte { return n.last }

// ChainID returns the id of the chain.
func (n *Node) ChainID() string { return apptest.ChainID }

// take checks a transaction and makes its block.
func (n *Node) take(_ *rpctypes.Context, tx types.Tx) (*coretypes.ResultBroadcastTx, error) {
	if n.make == nil {
		return nil, errors.New("this node takes no transactions")
	}
	checked, err := n.chain.App.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_New})
	if err != nil {
		return nil, err
	}
	answer := &coretypes.ResultBroadcastTx{Code: checked.Code, Codespace: checked.Codespace, Log: checked.Log, Hash: tx.Hash()}
	if checked.Code != 0 {
		return answer, nil
	}
	result := n.make(tx)
	n.last = tx
	n.Results[n.chain.Height()] = result
	n.taken[hex.EncodeToString(tx.Hash())] = &coretypes.ResultTx{
		Hash: tx.Hash(), Height: n.chain.Height(), TxResult: *result.TxResults[0], Tx: tx,
	}
	return answer, nil
}

func (n *Node) tx(_ *rpctypes.Context, hash []byte, _ bool) (*coretypes.ResultTx, error) {
	taken, ok := n.taken[hex.EncodeToString(hash)]
	if !ok {
		return nil, fmt.Errorf("tx (%X) not found", hash)
	}
	return taken, nil
}

// block returns the time of a block, and the transactions in it that the node has accepted.
func (n *Node) block(_ *rpctypes.Context, height *int64) (*coretypes.ResultBlock, error) {
	if height == nil {
		return nil, errors.New("expected a height")
	}
	at := n.started.Add(time.Duration(*height) * time.Second)
	block := &types.Block{Header: types.Header{ChainID: apptest.ChainID, Height: *height, Time: at}}
	for _, taken := range n.taken {
		if taken.Height == *height {
			block.Txs = append(block.Txs, taken.Tx)
		}
	}
	return &coretypes.ResultBlock{Block: block}, nil
}
