package chain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	"github.com/cosmos/cosmos-sdk/types/query"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const chainID = "theta-test-1"

// testSigner signs with a key in memory.
type testSigner struct{ key *secp256k1.PrivKey }

func (s testSigner) Address() sdk.AccAddress           { return sdk.AccAddress(s.key.PubKey().Address()) }
func (s testSigner) PubKey() cryptotypes.PubKey        { return s.key.PubKey() }
func (s testSigner) Sign(bytes []byte) ([]byte, error) { return s.key.Sign(bytes) }

// sentTx is a transaction as the fake node received it.
type sentTx struct {
	messages  []sdk.Msg
	fee       sdk.Coins
	gas       uint64
	granter   string
	sequence  uint64
	signature bool
}

// fakeNode is a node that knows one account. It answers each broadcast with the next of codes,
// and accepts the transaction when no codes are left.
type fakeNode struct {
	txtypes.UnimplementedServiceServer
	authtypes.UnimplementedQueryServer

	t      *testing.T
	cdc    Codec
	signer testSigner

	mu       sync.Mutex
	height   uint64
	sequence uint64
	price    int64
	// checkCodes are the answers to broadcasts that are refused, and blockCodes are the
	// results of transactions that fail in their block.
	checkCodes, blockCodes []sdk.TxResponse
	// badType is the type of message whose simulation fails.
	badType string
	// winning makes all claims win in the simulation.
	winning bool
	// forgets is the number of broadcasts that the node accepts and then forgets.
	forgets int
	// ownPrice is the price that the node demands, as coins. If it is empty, the node does not
	// report it.
	ownPrice string
	// starting means that the node was restarted and has not seen a block since.
	starting bool
	// restarts makes the node restart while a transaction is sent.
	restarts bool
	// crowd is the factor by which full blocks have raised the price. 0 means that they have
	// not.
	crowd int64
	// crowdAfter is the number of simulations after which blocks become full. 0 means never.
	crowdAfter int
	// gas is what a simulation uses, if that is more than 100,000.
	gas uint64
	// grantRefusal is why the fee grant does not pay; empty if it does. poor means that the account of the
	// worker has no coins.
	grantRefusal string
	poor         bool
	// loses makes the node accept transactions but not include them in blocks.
	loses bool
	// stands lets the height stay as it is.
	stands   bool
	sent     []sentTx
	accounts int
	results  map[string]*sdk.TxResponse
	// blockResults contains the results of a block. It may be nil.
	blockResults *resultsOfBlock
}

func newFakeNode(t *testing.T) *fakeNode {
	params.SetSDKDefaults()
	cdc, err := NewCodec()
	require.NoError(t, err)
	return &fakeNode{
		t: t, cdc: cdc, signer: testSigner{secp256k1.GenPrivKey()}, height: 100, sequence: 5, price: 10,
		results: map[string]*sdk.TxResponse{},
	}
}

// sender starts the node and returns a sender that is connected to it.
func (n *fakeNode) sender(cfg TxConfig) *Sender {
	cfg.ChainID, cfg.PollInterval = chainID, time.Millisecond
	return NewSender(n.conn(), n.cdc, n.signer, cfg, slog.New(slog.DiscardHandler))
}

func (n *fakeNode) conn() *grpc.ClientConn {
	server := grpc.NewServer()
	txtypes.RegisterServiceServer(server, n)
	authtypes.RegisterQueryServer(server, n)
	node.RegisterServiceServer(server, &nodeStatus{node: n})
	feemarkettypes.RegisterQueryServer(server, &marketQuery{node: n})
	computetypes.RegisterQueryServer(server, &computeQuery{})
	if n.blockResults != nil {
		cmtservice.RegisterServiceServer(server, n.blockResults)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(n.t, err)
	go func() { _ = server.Serve(listener) }()
	conn, err := grpcnode.Dial(listener.Addr().String())
	require.NoError(n.t, err)
	n.t.Cleanup(func() {
		require.NoError(n.t, conn.Close())
		server.Stop()
	})
	return conn
}

func (n *fakeNode) AccountInfo(ctx context.Context, req *authtypes.QueryAccountInfoRequest) (*authtypes.QueryAccountInfoResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.accounts++
	if req.Address != n.signer.Address().String() {
		return nil, status.Errorf(codes.NotFound, "account %s not found", req.Address)
	}
	return accountInfo(ctx, req.Address, n.sequence, n.height)
}

// accountInfo returns an account and the height of the state from which it is read.
func accountInfo(ctx context.Context, address string, sequence, height uint64) (*authtypes.QueryAccountInfoResponse, error) {
	if err := grpc.SetHeader(ctx, metadata.Pairs(grpctypes.GRPCBlockHeightHeader, strconv.FormatUint(height, 10))); err != nil {
		return nil, err
	}
	return &authtypes.QueryAccountInfoResponse{Info: &authtypes.BaseAccount{Address: address, AccountNumber: 3, Sequence: sequence}}, nil
}

// nodeStatus makes a block at each query for the node's status.
type nodeStatus struct {
	node.UnimplementedServiceServer
	node *fakeNode
}

func (s *nodeStatus) Config(context.Context, *node.ConfigRequest) (*node.ConfigResponse, error) {
	if s.node.ownPrice == "" {
		return nil, status.Error(codes.Unimplemented, "the node does not say")
	}
	return &node.ConfigResponse{MinimumGasPrice: s.node.ownPrice}, nil
}

func (s *nodeStatus) Status(context.Context, *node.StatusRequest) (*node.StatusResponse, error) {
	s.node.mu.Lock()
	defer s.node.mu.Unlock()
	if s.node.starting {
		return nil, status.Error(codes.Unknown, "codespace sdk code 26: invalid height: context did not contain latest block height in either check state or finalize block state (14)")
	}
	if !s.node.stands {
		s.node.height++
	}
	return &node.StatusResponse{Height: s.node.height}, nil
}

func (n *fakeNode) Simulate(_ context.Context, req *txtypes.SimulateRequest) (*txtypes.SimulateResponse, error) {
	tx, err := n.cdc.Tx.TxDecoder()(req.TxBytes)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	if n.crowdAfter--; n.crowdAfter == 0 {
		n.crowd = 100
		n.checkCodes = []sdk.TxResponse{{Codespace: "sdk", Code: 13, RawLog: "insufficient fees"}}
	}
	grantRefusal, poor := n.grantRefusal, n.poor
	n.mu.Unlock()
	if fee := tx.(sdk.FeeTx); len(fee.FeeGranter()) > 0 && grantRefusal != "" {
		return nil, status.Errorf(codes.Unknown, "operator does not allow to pay fees for worker: %s [cosmos/cosmos-sdk] with gas used: '99'", grantRefusal)
	} else if len(fee.FeeGranter()) == 0 && poor {
		return nil, status.Error(codes.Unknown, "spendable balance 0atfuel is smaller than 1000atfuel: insufficient funds")
	}
	for i, msg := range tx.GetMsgs() {
		if sdk.MsgTypeURL(msg) == n.badType {
			return nil, status.Errorf(codes.Unknown, "failed to execute message; message index: %d: prepare window has passed [theta/x/compute] with gas used: '99'", i)
		}
	}
	var data sdk.TxMsgData
	raw, err := hex.DecodeString(respond(n.t, tx.GetMsgs(), n.winning))
	if err != nil {
		return nil, err
	}
	if err := data.Unmarshal(raw); err != nil {
		return nil, err
	}
	return &txtypes.SimulateResponse{
		GasInfo: &sdk.GasInfo{GasUsed: max(n.gas, 100_000)}, Result: &sdk.Result{MsgResponses: data.MsgResponses},
	}, nil
}

func (n *fakeNode) BroadcastTx(ctx context.Context, req *txtypes.BroadcastTxRequest) (*txtypes.BroadcastTxResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	got, err := n.read(ctx, req.TxBytes)
	if err != nil {
		return nil, err
	}
	n.sent = append(n.sent, got)
	if n.restarts {
		n.starting = true
		return &txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{
			Code: sdkerrors.ErrUnauthorized.ABCICode(), Codespace: sdkerrors.RootCodespace, RawLog: "signature verification failed; please verify account number (0)",
		}}, nil
	}
	if len(n.checkCodes) > 0 {
		code := n.checkCodes[0]
		n.checkCodes = n.checkCodes[1:]
		return &txtypes.BroadcastTxResponse{TxResponse: &code}, nil
	}
	if got.sequence != n.sequence {
		return &txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{
			Codespace: "sdk", Code: 32,
			RawLog: fmt.Sprintf("account sequence mismatch, expected %d, got %d: incorrect account sequence", n.sequence, got.sequence),
		}}, nil
	}
	sum := sha256.Sum256(req.TxBytes)
	hash := strings.ToUpper(hex.EncodeToString(sum[:]))
	if n.forgets > 0 {
		n.forgets--
		return &txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{TxHash: hash}}, nil
	}
	result := &sdk.TxResponse{TxHash: hash, Height: int64(n.height) + 1, Data: respond(n.t, got.messages, false)}
	if !n.loses {
		n.sequence++
		if len(n.blockCodes) > 0 {
			code := n.blockCodes[0]
			n.blockCodes = n.blockCodes[1:]
			code.TxHash, code.Height = hash, result.Height
			result = &code
		}
		n.results[hash] = result
	}
	return &txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{TxHash: hash}}, nil
}

// read decodes a transaction and verifies its signature over the signed bytes.
func (n *fakeNode) read(ctx context.Context, bytes []byte) (sentTx, error) {
	decoded, err := n.cdc.Tx.TxDecoder()(bytes)
	if err != nil {
		return sentTx{}, err
	}
	tx := decoded.(authsigning.Tx)
	signatures, err := tx.GetSignaturesV2()
	if err != nil || len(signatures) != 1 {
		return sentTx{}, fmt.Errorf("expected one signature: %w", err)
	}
	s := signatures[0]
	signed, err := authsigning.GetSignBytesAdapter(ctx, n.cdc.Tx.SignModeHandler(), signing.SignMode_SIGN_MODE_DIRECT, authsigning.SignerData{
		Address: n.signer.Address().String(), ChainID: chainID, AccountNumber: 3, Sequence: s.Sequence, PubKey: n.signer.PubKey(),
	}, tx)
	if err != nil {
		return sentTx{}, err
	}
	return sentTx{
		messages: tx.GetMsgs(), fee: tx.GetFee(), gas: tx.GetGas(), granter: sdk.AccAddress(tx.FeeGranter()).String(), sequence: s.Sequence,
		signature: n.signer.PubKey().VerifySignature(signed, s.Data.(*signing.SingleSignatureData).Signature),
	}, nil
}

func (n *fakeNode) GetTx(_ context.Context, req *txtypes.GetTxRequest) (*txtypes.GetTxResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	result, ok := n.results[req.Hash]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "tx not found: %s", req.Hash)
	}
	return &txtypes.GetTxResponse{TxResponse: result}, nil
}

// loses reports whether the fake chain refuses a claim.
func loses(ref computetypes.ChunkRef) bool { return ref.JobId == "1-0-0" || ref.JobId == "5-0-0" }

// respond encodes a success for every item of every message. Some claims lose, unless winning
// is set.
func respond(t *testing.T, messages []sdk.Msg, winning bool) string {
	var data sdk.TxMsgData
	add := func(msg proto.Message) {
		response, err := codectypes.NewAnyWithValue(msg)
		require.NoError(t, err)
		data.MsgResponses = append(data.MsgResponses, response)
	}
	ok := func(n int) []computetypes.ItemResult { return make([]computetypes.ItemResult, n) }
	for _, msg := range messages {
		switch m := msg.(type) {
		case *computetypes.MsgReveal:
			add(&computetypes.MsgRevealResponse{Results: ok(len(m.Items))})
		case *computetypes.MsgOpen:
			add(&computetypes.MsgOpenResponse{Results: ok(len(m.Items))})
		case *computetypes.MsgCommit:
			add(&computetypes.MsgCommitResponse{Results: ok(len(m.Items))})
		case *computetypes.MsgRelease:
			add(&computetypes.MsgReleaseResponse{Results: ok(len(m.Items))})
		case *computetypes.MsgYield:
			add(&computetypes.MsgYieldResponse{Results: ok(len(m.Items))})
		case *computetypes.MsgClaim:
			results := ok(len(m.Items))
			for i, ref := range m.Items {
				if loses(ref) && !winning {
					results[i] = computetypes.ItemResult{Code: 21, Codespace: "compute", Log: "ticket does not win"}
				}
			}
			add(&computetypes.MsgClaimResponse{Results: results})
		case *edgenodetypes.MsgRenewLease:
			add(&edgenodetypes.MsgRenewLeaseResponse{LeaseEnd: 99})
		case *rewardstypes.MsgCollect:
			add(&rewardstypes.MsgCollectResponse{
				Amount: sdk.NewCoins(sdk.NewInt64Coin("atfuel", 7)), Recipient: m.Operator, Delegated: sdk.NewInt64Coin("atfuel", 0), Undelegated: "the validator is jailed",
			})
		}
	}
	raw, err := data.Marshal()
	require.NoError(t, err)
	return hex.EncodeToString(raw)
}

type marketQuery struct {
	feemarkettypes.UnimplementedQueryServer
	node *fakeNode
}

func (m *marketQuery) BaseFee(context.Context, *feemarkettypes.QueryBaseFeeRequest) (*feemarkettypes.QueryBaseFeeResponse, error) {
	m.node.mu.Lock()
	defer m.node.mu.Unlock()
	return &feemarkettypes.QueryBaseFeeResponse{
		BaseFee: sdk.NewInt64Coin("atfuel", m.node.price*max(m.node.crowd, 1)), Floor: sdk.NewInt64Coin("atfuel", m.node.price),
	}, nil
}

func (*marketQuery) Params(context.Context, *feemarkettypes.QueryParamsRequest) (*feemarkettypes.QueryParamsResponse, error) {
	return &feemarkettypes.QueryParamsResponse{Params: feemarkettypes.DefaultParams()}, nil
}

// computeQuery returns two pages of assignments. The second must be queried at the height of
// the first.
type computeQuery struct {
	computetypes.UnimplementedQueryServer
}

func (*computeQuery) Assignments(ctx context.Context, req *computetypes.QueryAssignmentsRequest) (*computetypes.QueryAssignmentsResponse, error) {
	item := func(job string) []computetypes.WorkItem {
		return []computetypes.WorkItem{{Ref: computetypes.ChunkRef{JobId: job}}}
	}
	if len(req.Pagination.Key) == 0 {
		_ = grpc.SetHeader(ctx, metadata.Pairs(grpctypes.GRPCBlockHeightHeader, "42"))
		return &computetypes.QueryAssignmentsResponse{Items: item("1-0-0"), Pagination: &query.PageResponse{NextKey: []byte("next")}}, nil
	}
	asked, _ := metadata.FromIncomingContext(ctx)
	if at := asked.Get(grpctypes.GRPCBlockHeightHeader); len(at) != 1 || at[0] != "42" {
		return nil, status.Errorf(codes.InvalidArgument, "expected the page at height 42, found %v", at)
	}
	return &computetypes.QueryAssignmentsResponse{Items: item("2-0-0")}, nil
}

func (*computeQuery) Receipt(context.Context, *computetypes.QueryReceiptRequest) (*computetypes.QueryReceiptResponse, error) {
	return nil, status.Error(codes.NotFound, "receipt not found")
}
