// Package rpcnode serves a chain of testutil/apptest like the RPC of a CometBFT node: its
// store with proofs, and headers that validators have signed. A test can make it lie.
package rpcnode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/libs/bytes"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/p2p"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cometbft/cometbft/rpc/jsonrpc/server"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	"github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/thetaedge/theta/testutil/apptest"
)

// chunkQuery is the method by which a client queries a chunk.
const chunkQuery = "/theta.compute.v1.Query/Chunk"

// firstHeader is the first header whose app hash is the result of a block.
const firstHeader = 2

// Node is a node's RPC.
type Node struct {
	// Address is the address at which it listens, in the form that --node takes.
	Address string
	// Answer, if set, changes an answer about the store before it is sent.
	Answer func(*abci.ResponseQuery)
	// Results contains the results of the blocks that the node has kept, by height. Headers commit
	// to those that were set before.
	Results map[int64]*abci.ResponseFinalizeBlock
	// Bodies contains the transactions to which headers commit, by height. It must be set
	// before the first header is requested.
	Bodies map[int64]types.Txs
	// Looked, if set, is called after each query for a chunk: if a client waits for a task,
	// the test can advance the chain.
	Looked func()

	t       testing.TB
	chain   *apptest.Chain
	started time.Time

	mu      sync.Mutex
	headers *headers

	// make makes a block with a transaction as its first one. If make is nil, the node does
	// not accept transactions.
	make func(tx []byte) *abci.ResponseFinalizeBlock
	// taken contains the transactions in blocks, by hash.
	taken map[string]*coretypes.ResultTx
	last  []byte
}

// Start serves a chain for the duration of the test. Its headers begin at started, one second
// apart, and are signed by validators whose keys are derived from a name. The chain must not
// advance while a query is in progress.
func Start(t testing.TB, chain *apptest.Chain, validators string, started time.Time) *Node {
	t.Helper()
	n := &Node{
		t: t, chain: chain, started: started, headers: newHeaders(validators), taken: make(map[string]*coretypes.ResultTx),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n.Address = "tcp://" + listener.Addr().String()

	mux := http.NewServeMux()
	server.RegisterRPCFuncs(mux, map[string]*server.RPCFunc{
		"status":        server.NewRPCFunc(n.status, ""),
		"commit":        server.NewRPCFunc(n.commit, "height"),
		"validators":    server.NewRPCFunc(n.validators, "height,page,per_page"),
		"block_results": server.NewRPCFunc(n.results, "height"),
		"abci_query":    server.NewRPCFunc(n.query, "path,data,height,prove"),

		"broadcast_tx_sync": server.NewRPCFunc(n.take, "tx"),
		"tx":                server.NewRPCFunc(n.tx, "hash,prove"),
		"block":             server.NewRPCFunc(n.block, "height"),
	}, log.NewNopLogger())
	web := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- web.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, web.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return n
}

// Header returns the header at a height.
func (n *Node) Header(height int64) *types.SignedHeader {
	n.t.Helper()
	header, err := n.signed(&height)
	require.NoError(n.t, err)
	return header
}

// Newest returns the height of the last header. No state follows from it yet.
func (n *Node) Newest() int64 { return n.chain.Height() + 1 }

// signed returns the header at a height; nil stands for the newest.
func (n *Node) signed(height *int64) (*types.SignedHeader, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.grow(); err != nil {
		return nil, err
	}
	wanted := n.headers.last
	if height != nil {
		wanted = *height
	}
	if wanted > n.headers.last {
		return nil, fmt.Errorf("height %d must be less than or equal to the current blockchain height %d", wanted, n.headers.last)
	}
	header, ok := n.headers.signed[wanted]
	if !ok {
		return nil, fmt.Errorf("height %d is not available, lowest height is %d", wanted, firstHeader)
	}
	return header, nil
}

// grow signs the headers of the blocks that have been committed since the last call.
func (n *Node) grow() error {
	commits, ok := n.chain.App.CommitMultiStore().(interface {
		GetCommitInfo(version int64) (*storetypes.CommitInfo, error)
	})
	if !ok {
		return errors.New("expected a store that remembers its commits")
	}
	for height := max(n.headers.last+1, firstHeader); height <= n.Newest(); height++ {
		info, err := commits.GetCommitInfo(height - 1)
		if err != nil {
			return err
		}
		var results []byte
		if before := n.Results[height-1]; before != nil {
			results = types.NewResults(before.TxResults).Hash()
		}
		if err := n.headers.add(height, n.started.Add(time.Duration(height)*time.Second), info.Hash(), n.Bodies[height].Hash(), results); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) status(*rpctypes.Context) (*coretypes.ResultStatus, error) {
	return &coretypes.ResultStatus{
		NodeInfo: p2p.DefaultNodeInfo{Network: apptest.ChainID},
		SyncInfo: coretypes.SyncInfo{LatestBlockHeight: n.chain.Height()},
	}, nil
}

func (n *Node) commit(_ *rpctypes.Context, height *int64) (*coretypes.ResultCommit, error) {
	signed, err := n.signed(height)
	if err != nil {
		return nil, err
	}
	return coretypes.NewResultCommit(signed.Header, signed.Commit, true), nil
}

func (n *Node) validators(_ *rpctypes.Context, height *int64, _, _ *int) (*coretypes.ResultValidators, error) {
	signed, err := n.signed(height)
	if err != nil {
		return nil, err
	}
	return &coretypes.ResultValidators{
		BlockHeight: signed.Height, Validators: n.headers.set.Validators, Count: validators, Total: validators,
	}, nil
}

func (n *Node) results(_ *rpctypes.Context, height *int64) (*coretypes.ResultBlockResults, error) {
	if height == nil {
		return nil, errors.New("expected a height")
	}
	if *height > n.chain.Height() {
		return nil, fmt.Errorf("height %d must be less than or equal to the current blockchain height %d", *height, n.chain.Height())
	}
	answer := &coretypes.ResultBlockResults{Height: *height}
	if result := n.Results[*height]; result != nil {
		answer.TxsResults, answer.FinalizeBlockEvents = result.TxResults, result.Events
	}
	return answer, nil
}

func (n *Node) query(_ *rpctypes.Context, path string, key bytes.HexBytes, height int64, prove bool) (*coretypes.ResultABCIQuery, error) {
	answer, err := n.chain.App.Query(context.Background(), &abci.RequestQuery{Path: path, Data: key, Height: height, Prove: prove})
	if err != nil {
		return nil, err
	}
	// The answer shares its bytes with the store, and a lie must not change those.
	wire, err := answer.Marshal()
	if err != nil {
		return nil, err
	}
	var told abci.ResponseQuery
	if err := told.Unmarshal(wire); err != nil {
		return nil, err
	}
	if n.Answer != nil {
		n.Answer(&told)
	}
	if n.Looked != nil && path == chunkQuery {
		n.Looked()
	}
	return &coretypes.ResultABCIQuery{Response: told}, nil
}
