package client

import (
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/proto/tendermint/p2p"
	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/tx"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// mesh is a chain of several nodes, each with a mempool, rules and troubles of its
// own. Every question that a node is asked may make a block.
type mesh struct {
	rand   *rand.Rand
	nodes  []*meshNode
	blocks []meshBlock // the block at height h is blocks[h]
	halted bool
	// poor: the account cannot pay an escrow, so that posting fails in its block.
	poor bool
	// calm: no troubles from now on.
	calm bool
	// calls are left before the client is killed; below 0 it is not.
	calls int
	kill  context.CancelFunc
	// signed are the sequences of all txs that a node was ever given, by hash.
	signed map[string]uint64
	// posted are all jobs that were ever posted.
	posted []computetypes.Job
}

// meshBlock is a block and the state after it.
type meshBlock struct {
	txs      [][]byte
	results  []*abci.ExecTxResult
	sequence uint64
	// jobs are those that the chain lists.
	jobs []computetypes.Job
}

// meshNode is one node.
type meshNode struct {
	pool [][]byte
	// least is the fee that its mempool asks for.
	least int64
	// behind is how many blocks it lags.
	behind int
	// starting: it was restarted and has seen no block since.
	starting, down bool
	// index: it has an index of transactions. keeps: it keeps what it has refused, and
	// may propose it in a block of its own.
	index, keeps bool
	// hoards: it proposes what it was given in the last block that may take it, and
	// not before. forgets: it keeps no blocks.
	hoards, forgets bool
	// balanced: several machines answer for it, which are not at the same height.
	balanced bool
}

// meshRetention is how many blocks the mesh lists a job for, which ends at once.
const meshRetention = 40

func newMesh(random *rand.Rand, nodes int) *mesh {
	m := &mesh{rand: random, blocks: make([]meshBlock, 12), calls: -1, signed: map[string]uint64{}}
	hoards := m.chance(40)
	for range nodes {
		m.nodes = append(m.nodes, &meshNode{
			least: []int64{0, 0, 2_000_000_000}[m.rand.IntN(3)], index: m.rand.IntN(3) > 0, keeps: m.rand.IntN(3) == 0,
			hoards: hoards && m.chance(90),
		})
	}
	return m
}

func (m *mesh) chance(percent int) bool { return m.rand.IntN(100) < percent }

func (m *mesh) tip() meshBlock { return m.blocks[len(m.blocks)-1] }

// trouble changes what the network suffers from.
func (m *mesh) trouble() {
	node := m.nodes[m.rand.IntN(len(m.nodes))]
	switch m.rand.IntN(11) {
	case 0: // a restart forgets the mempool
		node.pool, node.starting, node.down = nil, true, false
	case 1:
		node.down = !node.down
	case 2:
		node.behind = m.rand.IntN(6)
	case 3:
		m.halted = !m.halted
	case 4:
		node.least = []int64{0, 1, 2_000_000_000}[m.rand.IntN(3)]
	case 5:
		m.poor = !m.poor
	case 6: // another tx of the same key
		if !m.halted {
			m.block(nil, true)
		}
	case 7:
		blocks := m.rand.IntN(txLifeBlocks)
		if left := m.left(); left > 0 && m.chance(70) {
			blocks = max(0, left-m.rand.IntN(4))
		}
		for range blocks {
			if !m.halted {
				m.propose()
			}
		}
	case 8:
		hoards := m.chance(40)
		for _, node := range m.nodes {
			node.hoards = hoards && m.chance(90)
		}
	case 9:
		node.forgets = !node.forgets
	case 10:
		node.balanced = !node.balanced
	}
}

// rest ends all troubles.
func (m *mesh) rest() {
	m.calm, m.halted, m.poor, m.calls = true, false, false, -1
	for _, node := range m.nodes {
		node.down, node.behind, node.least = false, 0, 0
		node.hoards, node.forgets, node.balanced = false, false, false
	}
}

// propose makes a block of what is in one node's mempool: of one that hoards, if it has
// what only the next block may take.
func (m *mesh) propose() {
	proposer := m.nodes[m.rand.IntN(len(m.nodes))]
	pool := proposer.pool
	if proposer.hoards {
		pool = nil
	}
	for _, node := range m.nodes {
		if last := m.lastChance(node); node.hoards && len(last) > 0 {
			pool = last
		}
	}
	m.block(pool, !m.calm && m.chance(3))
}

// left is how many blocks there are until the last that may take what waits.
func (m *mesh) left() int {
	last := int64(0)
	for _, node := range m.nodes {
		for _, raw := range node.pool {
			if signed, err := tx.ReadSigned(raw); err == nil {
				last = max(last, signed.TimeoutHeight)
			}
		}
	}
	return int(last) - len(m.blocks)
}

// lastChance are a node's txs that may be in the next block and in none after it.
func (m *mesh) lastChance(node *meshNode) [][]byte {
	var last [][]byte
	for _, raw := range node.pool {
		if signed, err := tx.ReadSigned(raw); err == nil && signed.TimeoutHeight == int64(len(m.blocks)) {
			last = append(last, raw)
		}
	}
	return last
}

// block makes a block. other: another tx of the same key goes first.
func (m *mesh) block(txs [][]byte, other bool) {
	height := int64(len(m.blocks))
	next := meshBlock{sequence: m.tip().sequence, jobs: slices.DeleteFunc(slices.Clone(m.tip().jobs), func(job computetypes.Job) bool {
		return job.PostedHeight+meshRetention < height
	})}
	if other {
		next.sequence++
	}
	for i, raw := range txs {
		next.txs = append(next.txs, raw)
		next.results = append(next.results, m.execute(&next, raw, height, i))
	}
	m.blocks = append(m.blocks, next)
	for _, node := range m.nodes {
		node.starting = false
		node.pool = slices.DeleteFunc(node.pool, func(raw []byte) bool {
			return slices.ContainsFunc(txs, func(in []byte) bool { return tx.Hash(in) == tx.Hash(raw) })
		})
	}
}

func failed(err *errorsmod.Error) *abci.ExecTxResult {
	return &abci.ExecTxResult{Codespace: err.Codespace(), Code: err.ABCICode(), Log: err.Error()}
}

// execute runs a tx in a block as the chain does: one that fails before it has paid
// uses no sequence, one that fails later does.
func (m *mesh) execute(state *meshBlock, raw []byte, height int64, index int) *abci.ExecTxResult {
	signed, err := tx.ReadSigned(raw)
	if err != nil {
		return failed(sdkerrors.ErrTxDecode)
	}
	switch {
	case signed.TimeoutHeight > 0 && height > signed.TimeoutHeight:
		return failed(sdkerrors.ErrTxTimeoutHeight)
	case signed.Sequence != state.sequence:
		return failed(sdkerrors.ErrWrongSequence)
	}
	state.sequence++
	if m.poor {
		return failed(sdkerrors.ErrInsufficientFunds)
	}
	_, packed, err := decodeTx(raw)
	if err != nil {
		return failed(sdkerrors.ErrTxDecode)
	}
	post := decoded(packed, &computetypes.MsgPostJob{})
	digest, err := computetypes.SpecDigest(&post.Spec)
	if err != nil {
		return failed(sdkerrors.ErrInvalidRequest)
	}
	job := computetypes.Job{
		Id: strconv.FormatInt(height, 10) + "-" + strconv.Itoa(index) + "-0", Requester: post.Requester,
		SpecDigest: digest, PostedHeight: height, Reward: post.Spec.Reward,
	}
	state.jobs = append(state.jobs, job)
	m.posted = append(m.posted, job)
	wrapped, err := codectypes.NewAnyWithValue(&computetypes.MsgPostJobResponse{
		JobId: job.Id, Reserved: params.TfuelCoin(3), PostingFee: params.TfuelCoin(0),
	})
	if err != nil {
		return failed(sdkerrors.ErrInvalidRequest)
	}
	data, err := proto.Marshal(&sdk.TxMsgData{MsgResponses: []*codectypes.Any{wrapped}})
	if err != nil {
		return failed(sdkerrors.ErrInvalidRequest)
	}
	return &abci.ExecTxResult{Data: data}
}

// check is a node's CheckTx: it knows the state that the node is at.
func (m *mesh) check(node *meshNode, raw []byte) *errorsmod.Error {
	signed, err := tx.ReadSigned(raw)
	if err != nil {
		return sdkerrors.ErrTxDecode
	}
	var envelope txtypes.TxRaw
	var auth txtypes.AuthInfo
	if err := errors.Join(proto.Unmarshal(raw, &envelope), proto.Unmarshal(envelope.AuthInfoBytes, &auth)); err != nil {
		return sdkerrors.ErrTxDecode
	}
	height := m.at(node)
	switch {
	case node.starting:
		return sdkerrors.ErrUnauthorized // it takes the chain for one at genesis
	case int64(height) >= signed.TimeoutHeight && signed.TimeoutHeight > 0:
		return sdkerrors.ErrTxTimeoutHeight
	case auth.Fee.Amount.AmountOf(params.BaseDenom).Int64() < node.least:
		return sdkerrors.ErrInsufficientFee
	case signed.Sequence != m.blocks[height].sequence:
		return sdkerrors.ErrWrongSequence
	case m.poor:
		return sdkerrors.ErrInsufficientFunds
	}
	return nil
}

// at is the height that a node is at.
func (m *mesh) at(node *meshNode) int { return max(0, len(m.blocks)-1-node.behind) }

// give hands a tx to a node, which hands it on to others.
func (m *mesh) give(node *meshNode, raw []byte) *errorsmod.Error {
	if signed, err := tx.ReadSigned(raw); err == nil {
		m.signed[tx.Hash(raw)] = signed.Sequence
	}
	if slices.ContainsFunc(node.pool, func(in []byte) bool { return tx.Hash(in) == tx.Hash(raw) }) {
		return sdkerrors.ErrTxInMempoolCache
	}
	refused := m.check(node, raw)
	if refused == nil || node.keeps {
		node.pool = append(node.pool, raw)
	}
	if refused == nil {
		for _, other := range m.nodes {
			if other != node && !other.down && m.chance(60) && m.check(other, raw) == nil {
				other.pool = append(other.pool, raw)
			}
		}
	}
	return refused
}

// meshConn is a connection to one node of a mesh.
type meshConn struct {
	grpc.ClientConnInterface
	m    *mesh
	node *meshNode
}

// Invoke answers a question, and lets the world go on.
func (c meshConn) Invoke(ctx context.Context, _ string, request, reply any, opts ...grpc.CallOption) error {
	m := c.m
	if _, identity := request.(*cmtservice.GetNodeInfoRequest); identity {
		return answer(reply, &cmtservice.GetNodeInfoResponse{DefaultNodeInfo: &p2p.DefaultNodeInfo{Network: testChain}})
	}
	if m.calls == 0 {
		m.kill()
	}
	m.calls--
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	if !m.calm && m.chance(10) {
		m.trouble()
	}
	if !m.halted && m.chance(30) {
		m.propose()
	}
	if c.node.down || !m.calm && m.chance(3) {
		return errDown
	}
	err := c.answer(request, reply, opts)
	if !m.calm && m.chance(3) {
		return errDown // the answer is lost
	}
	return err
}

func (c meshConn) answer(request, reply any, opts []grpc.CallOption) error {
	m, height := c.m, c.m.at(c.node)
	if c.node.balanced {
		height = max(0, height-m.rand.IntN(6))
	}
	tellHeight(uint64(height), opts)
	if broadcast, ok := request.(*txtypes.BroadcastTxRequest); ok {
		response := &sdk.TxResponse{TxHash: tx.Hash(broadcast.TxBytes)}
		if refused := m.give(c.node, broadcast.TxBytes); refused != nil {
			response.Codespace, response.Code, response.RawLog = refused.Codespace(), refused.ABCICode(), refused.Error()
		}
		return answer(reply, &txtypes.BroadcastTxResponse{TxResponse: response})
	}
	if c.node.starting {
		return errStarting
	}
	switch request := request.(type) {
	case *authtypes.QueryAccountInfoRequest:
		return answer(reply, &authtypes.QueryAccountInfoResponse{Info: &authtypes.BaseAccount{
			Address: request.Address, AccountNumber: 4, Sequence: m.blocks[height].sequence,
		}})
	case *computetypes.QueryJobsRequest:
		jobs := slices.Clone(m.blocks[height].jobs)
		slices.Reverse(jobs)
		return answer(reply, &computetypes.QueryJobsResponse{Jobs: jobs})
	case *computetypes.QueryParamsRequest:
		return answer(reply, &computetypes.QueryParamsResponse{Params: computetypes.Params{RetentionBlocks: meshRetention}})
	case *txtypes.GetTxRequest:
		return c.indexed(request, height, reply)
	case *cmtservice.GetBlockByHeightRequest:
		if c.node.forgets {
			return status.Error(codes.Unknown, "block is not available, lowest height is above")
		}
		if request.Height > int64(height) {
			return status.Error(codes.InvalidArgument, "height must be less than or equal to the current blockchain height")
		}
		return answer(reply, &cmtservice.GetBlockByHeightResponse{SdkBlock: &cmtservice.Block{
			Data: blockData(m.blocks[request.Height].txs),
		}})
	case *cmtservice.GetBlockResultsRequest:
		return answer(reply, &cmtservice.GetBlockResultsResponse{Height: request.Height, TxsResults: m.blocks[request.Height].results})
	default:
		return status.Errorf(codes.Unimplemented, "the mesh has no answer for %T", request)
	}
}

// indexed answers out of the node's index, which is some blocks behind now and then.
func (c meshConn) indexed(request *txtypes.GetTxRequest, height int, reply any) error {
	if !c.node.index {
		return status.Error(codes.Unknown, "transaction indexing is disabled")
	}
	if !c.m.calm && c.m.chance(30) {
		height = max(0, height-2)
	}
	for h := height; h >= 0; h-- {
		for i, raw := range c.m.blocks[h].txs {
			if tx.Hash(raw) != request.Hash {
				continue
			}
			result := c.m.blocks[h].results[i]
			return answer(reply, &txtypes.GetTxResponse{TxResponse: &sdk.TxResponse{
				TxHash: request.Hash, Height: int64(h), Codespace: result.Codespace, Code: result.Code, RawLog: result.Log,
				Data: strings.ToUpper(hex.EncodeToString(result.Data)),
			}})
		}
	}
	return status.Error(codes.NotFound, "tx not found")
}
