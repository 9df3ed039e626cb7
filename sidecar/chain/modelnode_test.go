package chain

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// modelItem is what the model chain knows about an item.
type modelItem struct {
	stake Stake
	// diesAt is the first height at which the chain refuses the item. 0 means never.
	diesAt int64
	// taken is the number of blocks that accepted the item.
	taken int
}

// modelTx is a transaction in the mempool of a model node.
type modelTx struct {
	sentTx
	hash    string
	lane    bool
	timeout int64
}

// modelNode is a node with a mempool, blocks, a lane and faults. It makes a block each time
// its height is queried.
type modelNode struct {
	*fakeNode

	mu       sync.Mutex
	random   *rand.Rand
	height   int64
	sequence uint64
	items    map[Duty]*modelItem
	waiting  []modelTx
	results  map[string]*sdk.TxResponse
	// base is the base fee and floor is the minimum price, both per unit of gas.
	base, floor int64
	// itemGas is the gas that an item uses, and blockGas is the gas of a block. With silent,
	// the node does not report the gas of a block.
	itemGas, blockGas uint64
	silent            bool
	// faulty is the last height at which faults happen. chance is their probability in
	// percent.
	faulty int64
	chance int
	// full means that there is room only in the lane.
	full bool
	// heavy contains items that use more gas than a transaction may ask for.
	heavy map[Duty]bool
	// simulated counts the simulations, and broadcasts the transactions that were broadcast.
	simulated, broadcasts int
	// notGranted is an action that the fee grant does not pay for.
	notGranted Action
	// hook is called before each block.
	hook func()
	// kill is called after a number of calls. 0 means never.
	kill  func()
	calls int
	// executed contains the transactions that were in a block, in order.
	executed []sentTx
}

func newModelNode(fake *fakeNode, seed uint64) *modelNode {
	return &modelNode{
		fakeNode: fake, random: rand.New(rand.NewPCG(seed, 1)), height: 100, sequence: 5,
		items: map[Duty]*modelItem{}, results: map[string]*sdk.TxResponse{}, heavy: map[Duty]bool{},
		base: 10, floor: 10, itemGas: 200_000, blockGas: 100_000_000,
	}
}

// open starts the node.
func (m *modelNode) open() (conn *grpc.ClientConn, stop func(), err error) {
	server := grpc.NewServer()
	txtypes.RegisterServiceServer(server, m)
	authtypes.RegisterQueryServer(server, m)
	node.RegisterServiceServer(server, &modelStatus{m: m})
	feemarkettypes.RegisterQueryServer(server, &modelMarket{m: m})
	if !m.silent {
		consensustypes.RegisterQueryServer(server, &modelConsensus{m: m})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	go func() { _ = server.Serve(listener) }()
	if conn, err = grpcnode.Dial(listener.Addr().String()); err != nil {
		return nil, nil, err
	}
	return conn, func() { _ = conn.Close(); server.Stop() }, nil
}

func (m *modelNode) senderOn(conn *grpc.ClientConn, cfg TxConfig) *Sender {
	cfg.ChainID, cfg.PollInterval = chainID, 100*time.Microsecond
	return NewSender(conn, m.cdc, m.signer, cfg, slog.New(slog.DiscardHandler))
}

// killAfter makes the node call kill after the given number of calls.
func (m *modelNode) killAfter(calls int, kill func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls, m.kill = calls, kill
}

// called counts a call. Once the faults are over, it does not kill.
func (m *modelNode) called() {
	if m.calls--; m.calls == 0 && m.kill != nil && m.height < m.faulty {
		m.kill()
	}
}

// at returns the height, and next makes a block.
func (m *modelNode) at() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.height
}

func (m *modelNode) next() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.block()
}

// inOrder returns the items that the chain knows, in a fixed order.
func (m *modelNode) inOrder() []Duty {
	return slices.SortedFunc(maps.Keys(m.items), func(a, b Duty) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Ref.JobId, b.Ref.JobId))
	})
}

// fault reports whether a fault happens now.
func (m *modelNode) fault() bool {
	return m.height < m.faulty && m.random.IntN(100) < m.chance
}

func (m *modelNode) budget() feemarkettypes.Budget {
	return feemarkettypes.DefaultParams().Budget(&cmtproto.BlockParams{MaxGas: int64(m.blockGas)})
}

// alive reports whether an item would be accepted at a height. taken contains the items that
// were accepted before it in the same block.
func (m *modelNode) alive(duty Duty, height int64, taken map[Duty]bool) bool {
	if duty.Action == Renew {
		return true
	}
	item, known := m.items[duty]
	if !known || item.taken > 0 || taken[duty] || item.diesAt > 0 && height >= item.diesAt || height > item.stake.Deadline {
		return false
	}
	reveal := Duty{Reveal, duty.Ref}
	before, needs := m.items[reveal]
	return duty.Action != Open || !needs || before.taken > 0 || taken[reveal]
}

// dutiesOf returns the items in a message.
func dutiesOf(msg sdk.Msg) (Action, []Duty) {
	switch msg := msg.(type) {
	case *computetypes.MsgReveal:
		return Reveal, dutiesIn(Reveal, msg.Items)
	case *computetypes.MsgOpen:
		return Open, dutiesIn(Open, msg.Items)
	case *computetypes.MsgCommit:
		return Commit, dutiesIn(Commit, msg.Items)
	case *computetypes.MsgRelease:
		return Release, dutiesIn(Release, msg.Items)
	case *computetypes.MsgYield:
		return Yield, dutiesIn(Yield, msg.Items)
	case *computetypes.MsgClaim:
		return Claim, dutiesIn(Claim, msg.Items)
	}
	return Renew, []Duty{{Action: Renew}}
}

func dutiesIn[T computetypes.Item](action Action, items []T) []Duty {
	duties := make([]Duty, len(items))
	for i, item := range items {
		duties[i] = Duty{action, item.GetChunkRef()}
	}
	return duties
}

// run executes messages at a height. It returns the accepted items and the answers, or the
// message that failed.
func (m *modelNode) run(messages []sdk.Msg, height int64) (taken map[Duty]bool, gas uint64, data sdk.TxMsgData, failed int) {
	taken, gas = map[Duty]bool{}, 60_000
	for i, msg := range messages {
		action, duties := dutiesOf(msg)
		results := make([]computetypes.ItemResult, len(duties))
		took := 0
		for j, duty := range duties {
			gas += m.itemGas
			if m.heavy[duty] {
				gas += m.blockGas
			}
			if !m.alive(duty, height, taken) {
				results[j] = computetypes.ItemResult{Code: 21, Codespace: "compute", Log: "not due"}
				continue
			}
			taken[duty] = true
			took++
		}
		if took == 0 && action != Claim {
			return nil, gas, data, i
		}
		response, err := codectypes.NewAnyWithValue(answerTo(action, results))
		if err != nil {
			panic(err)
		}
		data.MsgResponses = append(data.MsgResponses, response)
	}
	return taken, gas, data, -1
}

func answerTo(action Action, results []computetypes.ItemResult) proto.Message {
	switch action {
	case Reveal:
		return &computetypes.MsgRevealResponse{Results: results}
	case Open:
		return &computetypes.MsgOpenResponse{Results: results}
	case Commit:
		return &computetypes.MsgCommitResponse{Results: results}
	case Release:
		return &computetypes.MsgReleaseResponse{Results: results}
	case Yield:
		return &computetypes.MsgYieldResponse{Results: results}
	case Claim:
		return &computetypes.MsgClaimResponse{Results: results}
	case Renew:
	}
	return &edgenodetypes.MsgRenewLeaseResponse{LeaseEnd: 99}
}

// block executes the transactions in the mempool.
func (m *modelNode) block() {
	if m.hook != nil {
		m.hook()
	}
	m.height++
	for len(m.waiting) > 0 {
		tx := m.waiting[0]
		m.waiting = m.waiting[1:]
		if tx.sequence != m.sequence || m.height > tx.timeout || m.fault() {
			continue // the node drops it
		}
		m.sequence++
		taken, _, data, failed := m.run(tx.messages, m.height)
		m.executed = append(m.executed, tx.sentTx)
		result := &sdk.TxResponse{TxHash: tx.hash, Height: m.height}
		m.results[tx.hash] = result
		if failed >= 0 {
			result.Codespace, result.Code = "compute", 21
			result.RawLog = fmt.Sprintf("failed to execute message; message index: %d: not due", failed)
			continue
		}
		raw, err := data.Marshal()
		if err != nil {
			panic(err)
		}
		result.Data = hex.EncodeToString(raw)
		for duty := range taken {
			if item := m.items[duty]; item != nil {
				item.taken++
			}
		}
	}
}

// inLane reports whether a transaction uses the lane of the next block.
func (m *modelNode) inLane(tx sentTx) bool {
	if len(tx.messages) > 8 {
		return false
	}
	live, kind := uint64(0), Action("")
	seen := map[Duty]bool{}
	for _, msg := range tx.messages {
		action, duties := dutiesOf(msg)
		if action == Renew || kind != "" && (kind == Claim) != (action == Claim) {
			return false
		}
		kind = action
		alive := 0
		for i, duty := range duties {
			if m.alive(duty, m.height+1, seen) {
				alive++
				seen[duty] = true
			}
			if 2*alive < i+1 {
				break
			}
		}
		if alive == 0 {
			return false
		}
		live += uint64(alive)
	}
	room := m.budget().Lane
	if kind == Claim {
		room = m.budget().Claims
	}
	return tx.gas <= min(feemarkettypes.DefaultParams().LaneTx(live), room)
}

func (m *modelNode) Simulate(_ context.Context, req *txtypes.SimulateRequest) (*txtypes.SimulateResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.simulated++
	m.called()
	if m.fault() {
		return nil, status.Error(codes.Unavailable, "the node is away")
	}
	decoded, err := m.cdc.Tx.TxDecoder()(req.TxBytes)
	if err != nil {
		return nil, err
	}
	for _, msg := range decoded.GetMsgs() {
		if action, _ := dutiesOf(msg); action == m.notGranted {
			return nil, status.Error(codes.Unknown, "message is not allowed by the fee grant: unauthorized")
		}
	}
	_, gas, data, failed := m.run(decoded.GetMsgs(), m.height)
	if failed >= 0 {
		return nil, status.Errorf(codes.Unknown, "failed to execute message; message index: %d: not due", failed)
	}
	return &txtypes.SimulateResponse{GasInfo: &sdk.GasInfo{GasUsed: gas}, Result: &sdk.Result{MsgResponses: data.MsgResponses}}, nil
}

func (m *modelNode) BroadcastTx(ctx context.Context, req *txtypes.BroadcastTxRequest) (*txtypes.BroadcastTxResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broadcasts++
	m.called()
	defer m.called()
	if m.fault() {
		return nil, status.Error(codes.Unavailable, "the node is away")
	}
	got, err := m.read(ctx, req.TxBytes)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(req.TxBytes)
	answer := m.check(got, strings.ToUpper(hex.EncodeToString(sum[:])), req.TxBytes)
	if m.fault() {
		return nil, status.Error(codes.Unavailable, "the answer is lost")
	}
	return &txtypes.BroadcastTxResponse{TxResponse: answer}, nil
}

// check puts a transaction into the mempool, or returns the reason why not.
func (m *modelNode) check(tx sentTx, hash string, raw []byte) *sdk.TxResponse {
	refuse := func(err error, code uint32, space string) *sdk.TxResponse {
		return &sdk.TxResponse{Codespace: space, Code: code, RawLog: err.Error()}
	}
	for _, waiting := range m.waiting {
		if waiting.hash == hash {
			return refuse(sdkerrors.ErrTxInMempoolCache, sdkerrors.ErrTxInMempoolCache.ABCICode(), "sdk")
		}
	}
	lane := m.inLane(tx)
	if m.fault() || m.full && !lane {
		return refuse(sdkerrors.ErrMempoolIsFull, sdkerrors.ErrMempoolIsFull.ABCICode(), "sdk")
	}
	if next := m.sequence + uint64(len(m.waiting)); tx.sequence != next {
		err := sdkerrors.ErrWrongSequence.Wrapf("account sequence mismatch, expected %d, got %d", next, tx.sequence)
		return refuse(err, sdkerrors.ErrWrongSequence.ABCICode(), "sdk")
	}
	if most := m.budget().Tx; tx.gas > most {
		err := feemarkettypes.ErrTooMuchGas.Wrapf("expected at most %d, found %d", most, tx.gas)
		return refuse(err, feemarkettypes.ErrTooMuchGas.ABCICode(), feemarkettypes.ModuleName)
	}
	price := m.base
	if lane {
		price = m.floor
	}
	if tx.fee.AmountOf("atfuel").LT(sdk.NewInt64Coin("atfuel", price).Amount.MulRaw(int64(tx.gas))) {
		return refuse(sdkerrors.ErrInsufficientFee, sdkerrors.ErrInsufficientFee.ABCICode(), "sdk")
	}
	if m.fault() { // accepted and forgotten
		return &sdk.TxResponse{TxHash: hash}
	}
	decoded, err := m.cdc.Tx.TxDecoder()(raw)
	if err != nil {
		panic(err)
	}
	m.waiting = append(m.waiting, modelTx{tx, hash, lane, int64(decoded.(authsigning.Tx).GetTimeoutHeight())})
	return &sdk.TxResponse{TxHash: hash}
}

func (m *modelNode) GetTx(_ context.Context, req *txtypes.GetTxRequest) (*txtypes.GetTxResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	result, ok := m.results[req.Hash]
	if !ok || m.fault() {
		return nil, status.Errorf(codes.NotFound, "tx not found: %s", req.Hash)
	}
	return &txtypes.GetTxResponse{TxResponse: result}, nil
}

func (m *modelNode) AccountInfo(ctx context.Context, req *authtypes.QueryAccountInfoRequest) (*authtypes.QueryAccountInfoResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return accountInfo(ctx, req.Address, m.sequence, uint64(m.height))
}
