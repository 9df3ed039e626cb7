package grpcnode

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	p2p "github.com/cometbft/cometbft/proto/tendermint/p2p"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
)

// patience bounds what happens within milliseconds on a machine that is not loaded.
const patience = 30 * time.Second

// These names tell apart what a model does not answer.
type (
	otherCmt = cmtservice.UnimplementedServiceServer
	otherTx  = txtypes.UnimplementedServiceServer
)

// model is a node that behaves as a test says.
type model struct {
	otherCmt
	otherTx

	address string

	mu      sync.Mutex
	height  uint64
	chain   string
	syncing bool
	// fails is the error of every call, and hangs lets no call end by itself.
	fails error
	hangs bool
	// pad is the size of an answer to Config in bytes.
	pad int
	// refuses is the code with which transactions are refused; took are those that were taken.
	refuses uint32
	took    int
	// knows are the transactions that GetTx finds.
	knows map[string]bool
	calls int
}

func (m *model) set(change func(*model)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

func (m *model) read(of func(*model) int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return of(m)
}

// begin counts a call and fails it as the test says.
func (m *model) begin(ctx context.Context) error {
	m.mu.Lock()
	m.calls++
	fails, hangs := m.fails, m.hangs
	m.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return fails
}

func (m *model) Status(ctx context.Context, _ *nodeservice.StatusRequest) (*nodeservice.StatusResponse, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	return &nodeservice.StatusResponse{Height: m.height, Timestamp: &now}, nil
}

func (m *model) Config(ctx context.Context, _ *nodeservice.ConfigRequest) (*nodeservice.ConfigResponse, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &nodeservice.ConfigResponse{MinimumGasPrice: string(make([]byte, m.pad)), PruningKeepRecent: m.address}, nil
}

func (m *model) GetNodeInfo(ctx context.Context, _ *cmtservice.GetNodeInfoRequest) (*cmtservice.GetNodeInfoResponse, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &cmtservice.GetNodeInfoResponse{DefaultNodeInfo: &p2p.DefaultNodeInfo{Network: m.chain}}, nil
}

func (m *model) GetSyncing(ctx context.Context, _ *cmtservice.GetSyncingRequest) (*cmtservice.GetSyncingResponse, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &cmtservice.GetSyncingResponse{Syncing: m.syncing}, nil
}

func (m *model) BroadcastTx(ctx context.Context, _ *txtypes.BroadcastTxRequest) (*txtypes.BroadcastTxResponse, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuses == 0 {
		m.took++
	}
	return &txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{Code: m.refuses, TxHash: m.address}}, nil
}

func (m *model) Simulate(ctx context.Context, _ *txtypes.SimulateRequest) (*txtypes.SimulateResponse, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuses > 0 {
		return nil, status.Error(codes.Unknown, "refused by "+m.address)
	}
	return &txtypes.SimulateResponse{}, nil
}

func (m *model) GetTx(ctx context.Context, req *txtypes.GetTxRequest) (*txtypes.GetTxResponse, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.knows[req.Hash] {
		return nil, status.Error(codes.NotFound, "tx not found")
	}
	return &txtypes.GetTxResponse{TxResponse: &sdk.TxResponse{Height: 5, TxHash: req.Hash}}, nil
}

// serveModel starts a node.
func serveModel(t *testing.T) *model {
	t.Helper()
	m := &model{height: 100, chain: "theta-test", knows: map[string]bool{}}
	server := grpc.NewServer()
	nodeservice.RegisterServiceServer(server, m)
	cmtservice.RegisterServiceServer(server, m)
	txtypes.RegisterServiceServer(server, m)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m.address = listener.Addr().String()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return m
}
