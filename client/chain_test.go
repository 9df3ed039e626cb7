package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/proto/tendermint/p2p"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	"github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

const (
	testChain = "theta-test"
	testJob   = "7-0-0"
)

// errDown and errStarting are what a node that restarts answers.
var (
	errDown     = status.Error(codes.Unavailable, "connection refused")
	errStarting = status.Error(codes.Unknown, "codespace sdk code 26: invalid height: context did not contain latest block height in either check state or finalize block state (14)")
)

// fate is what happens to a tx that is sent.
type fate string

const (
	fateRuns       fate = "runs"
	fateLost       fate = "lost, and the answer too"
	fateUnanswered fate = "runs, and the answer is lost"
	fateStale      fate = "refused for its sequence"
	fateSwallowed  fate = "accepted and never in a block"
)

// step is what the chain shows of the job at one look.
type step struct {
	spec    computetypes.JobSpec
	job     computetypes.Job
	task    *computetypes.Chunk
	receipt *computetypes.Receipt
	down    error
}

// chain is a chain in memory: every question for its height makes a block, and
// the test says what becomes of txs and of the job.
type chain struct {
	grpc.ClientConnInterface

	mu       sync.Mutex
	height   uint64
	sequence uint64
	balance  math.Int
	live     uint64
	fit      computetypes.Fit
	explains *computetypes.QueryExplainResponse
	fates    []fate
	executed map[string]*sdk.TxResponse
	posted   []*computetypes.MsgPostJob
	// refusals are the errors of the next txs in their blocks.
	refusals []*errorsmod.Error
	// heard are messages other than posts, answers what they are answered by type.
	heard   []proto.Message
	answers map[string]proto.Message
	market  *computetypes.QueryMarketResponse
	// nodes are all nodes of the chain, and params its parameters; nil for almost none.
	nodes  []edgenodetypes.Node
	params *computetypes.Params
	// metadata is what the bank knows of denoms.
	metadata map[string]banktypes.Metadata
	// nodePrice is the gas price that the node asks for, as coins.
	nodePrice string
	// crowd is what full blocks have multiplied the price by; 0 is nothing.
	crowd int64
	steps []step
	// ended are the receipts of each block.
	ended map[int64][]computetypes.Receipt
}

func newChain() *chain {
	return &chain{height: 10, sequence: 3, live: 5, balance: params.Tfuel(100), executed: map[string]*sdk.TxResponse{}}
}

// testClient connects to the chain without waiting between looks.
func testClient(t *testing.T, c *chain) *Client {
	t.Helper()
	params.SetSDKDefaults()
	client, err := New(t.Context(), c)
	require.NoError(t, err)
	client.poll = time.Microsecond
	client.terms.Overtaken = BelieveNode
	return client
}

// Invoke answers a question.
func (c *chain) Invoke(_ context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, account := request.(*authtypes.QueryAccountInfoRequest); account {
		c.height++
	}
	tellHeight(c.height, opts)
	switch request := request.(type) {
	case *cmtservice.GetNodeInfoRequest:
		return answer(reply, &cmtservice.GetNodeInfoResponse{DefaultNodeInfo: &p2p.DefaultNodeInfo{Network: testChain}})
	case *nodeservice.StatusRequest:
		c.height++
		return answer(reply, &nodeservice.StatusResponse{Height: c.height})
	case *nodeservice.ConfigRequest:
		return answer(reply, &nodeservice.ConfigResponse{MinimumGasPrice: c.nodePrice})
	case *computetypes.QueryJobsRequest:
		return answer(reply, c.jobs())
	case *edgenodetypes.QueryNodesRequest:
		return answer(reply, c.nodesAfter(request.Pagination))
	case *computetypes.QueryParamsRequest:
		if c.params != nil {
			return answer(reply, &computetypes.QueryParamsResponse{Params: *c.params})
		}
		return answer(reply, &computetypes.QueryParamsResponse{Params: computetypes.Params{RetentionBlocks: 1000}})
	case *cmtservice.GetBlockByHeightRequest:
		return answer(reply, &cmtservice.GetBlockByHeightResponse{SdkBlock: &cmtservice.Block{}})
	case *cmtservice.GetBlockResultsRequest:
		return c.results(request.Height, reply)
	case *feemarkettypes.QueryBaseFeeRequest:
		const floor = 1_000_000_000
		return answer(reply, &feemarkettypes.QueryBaseFeeResponse{
			BaseFee: sdk.NewInt64Coin(params.BaseDenom, floor*max(c.crowd, 1)), Floor: sdk.NewInt64Coin(params.BaseDenom, floor),
		})
	case *authtypes.QueryAccountInfoRequest:
		return answer(reply, &authtypes.QueryAccountInfoResponse{Info: &authtypes.BaseAccount{Address: request.Address, AccountNumber: 4, Sequence: c.sequence}})
	case *banktypes.QuerySpendableBalanceByDenomRequest:
		return answer(reply, &banktypes.QuerySpendableBalanceByDenomResponse{Balance: &sdk.Coin{Denom: request.Denom, Amount: c.balance}})
	case *banktypes.QueryDenomMetadataByQueryStringRequest:
		if metadata, found := c.metadata[request.Denom]; found {
			return answer(reply, &banktypes.QueryDenomMetadataByQueryStringResponse{Metadata: metadata})
		}
		return status.Error(codes.NotFound, "client metadata for denom "+request.Denom)
	case *tx.SimulateRequest:
		return c.simulate(request, reply)
	case *tx.BroadcastTxRequest:
		return c.broadcast(request, reply)
	case *tx.GetTxRequest:
		if response, found := c.executed[request.Hash]; found {
			return answer(reply, &tx.GetTxResponse{TxResponse: response})
		}
		return status.Error(codes.NotFound, "tx not found")
	case *computetypes.QueryQuoteRequest:
		reward, err := sdk.ParseCoinNormalized(request.Reward)
		if err != nil {
			return err
		}
		return answer(reply, &computetypes.QueryQuoteResponse{
			Reserve:     sdk.Coin{Denom: reward.Denom, Amount: reward.Amount.MulRaw(int64(request.Replicas))},
			PostingFee:  sdk.NewInt64Coin(params.BaseDenom, int64(request.SpecBytes)),
			Liability:   reward,
			LiveNodes:   c.live,
			NeededNodes: uint64(request.Replicas) + 1,
			Fit:         c.fit,
		})
	case *computetypes.QueryExplainRequest:
		if c.explains == nil {
			return status.Error(codes.NotFound, "task not found")
		}
		return answer(reply, c.explains)
	case *computetypes.QueryChallengeRequest:
		return status.Error(codes.NotFound, "challenge not found")
	case *computetypes.QueryMarketRequest:
		if c.market == nil || c.market.Market.Class != request.Class {
			return status.Error(codes.NotFound, "hardware class not found")
		}
		return answer(reply, c.market)
	default:
		return c.show(request, reply, method)
	}
}

// show answers questions for the job; each look at it moves on by a step.
func (c *chain) show(request, reply any, method string) error {
	if len(c.steps) == 0 {
		return errors.New("the test has no answer for " + method)
	}
	now := c.steps[0]
	switch request.(type) {
	case *computetypes.QueryJobRequest:
		if now.down != nil {
			c.steps = c.steps[1:]
			return now.down
		}
		if now.job.Tasks > 1 && len(c.steps) > 1 {
			c.steps = c.steps[1:]
		}
		return answer(reply, &computetypes.QueryJobResponse{Job: now.job, Spec: now.spec})
	case *computetypes.QueryChunkRequest:
		if len(c.steps) > 1 {
			c.steps = c.steps[1:]
		}
		if now.task == nil {
			return status.Error(codes.NotFound, "task not found")
		}
		return answer(reply, &computetypes.QueryChunkResponse{Chunk: *now.task})
	case *computetypes.QueryReceiptRequest:
		if now.receipt == nil {
			return status.Error(codes.NotFound, "receipt not found")
		}
		return answer(reply, &computetypes.QueryReceiptResponse{Receipt: *now.receipt})
	default:
		return errors.New("the test has no answer for " + method)
	}
}

// tellHeight says for which height an answer is, as a node does.
func tellHeight(height uint64, opts []grpc.CallOption) {
	for _, opt := range opts {
		if header, ok := opt.(grpc.HeaderCallOption); ok {
			*header.HeaderAddr = metadata.Pairs(grpctypes.GRPCBlockHeightHeader, strconv.FormatUint(height, 10))
		}
	}
}

// jobs lists those that were posted.
func (c *chain) jobs() *computetypes.QueryJobsResponse {
	answer := &computetypes.QueryJobsResponse{}
	for _, post := range c.posted {
		digest, err := computetypes.SpecDigest(&post.Spec)
		if err != nil {
			panic(err)
		}
		answer.Jobs = append(answer.Jobs, computetypes.Job{Id: testJob, Reward: post.Spec.Reward, SpecDigest: digest})
	}
	return answer
}

// results shows half of what ended in a block as a tx's doing, the rest as the
// block's own.
func (c *chain) results(height int64, reply any) error {
	ended := c.ended[height]
	if len(ended) == 0 {
		return answer(reply, &cmtservice.GetBlockResultsResponse{Height: height})
	}
	changes := func(receipts []computetypes.Receipt) (out []computetypes.ChunkChange) {
		for _, receipt := range receipts {
			out = append(out, computetypes.ChunkChange{Change: &computetypes.ChunkChange_Ended{Ended: &receipt}})
		}
		return out
	}
	half := len(ended) / 2
	batch, err1 := sdk.TypedEventToEvent(&computetypes.EventBatch{Action: "reveal", Changes: changes(ended[:half])})
	sweep, err2 := sdk.TypedEventToEvent(&computetypes.EventSweep{Changes: changes(ended[half:])})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	inTx, inBlock := abci.Event(batch.AppendAttributes(sdk.NewAttribute("msg_index", "0"))), abci.Event(sweep.AppendAttributes(sdk.NewAttribute("mode", "EndBlock")))
	return answer(reply, &cmtservice.GetBlockResultsResponse{
		Height:              height,
		TxsResults:          []*abci.ExecTxResult{{Events: []abci.Event{{Type: "message"}, inTx}}},
		FinalizeBlockEvents: []*abci.Event{&inBlock},
	})
}

func (c *chain) broadcast(request *tx.BroadcastTxRequest, reply any) error {
	next := fateRuns
	if len(c.fates) > 0 {
		next, c.fates = c.fates[0], c.fates[1:]
	}
	sum := sha256.Sum256(request.TxBytes)
	hash := strings.ToUpper(hex.EncodeToString(sum[:]))
	if next == fateLost {
		return errDown
	}
	sequence, msg, err := decodeTx(request.TxBytes)
	if err != nil {
		return err
	}
	if next == fateStale {
		c.sequence++
	}
	if sequence != c.sequence {
		return answer(reply, &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{
			TxHash: hash, Code: sdkerrors.ErrWrongSequence.ABCICode(), Codespace: sdkerrors.ErrWrongSequence.Codespace(), RawLog: "account sequence mismatch",
		}})
	}
	if next != fateSwallowed {
		c.sequence++
		c.executed[hash] = c.execute(hash, msg)
	}
	if next == fateUnanswered {
		return errDown
	}
	return answer(reply, &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{TxHash: hash}})
}

func decodeTx(raw []byte) (uint64, *codectypes.Any, error) {
	var envelope tx.TxRaw
	var body tx.TxBody
	var auth tx.AuthInfo
	err := errors.Join(proto.Unmarshal(raw, &envelope), proto.Unmarshal(envelope.BodyBytes, &body), proto.Unmarshal(envelope.AuthInfoBytes, &auth))
	if err != nil {
		return 0, nil, err
	}
	return auth.SignerInfos[0].Sequence, body.Messages[0], nil
}

// execute answers posts as posts, and other messages as the test says.
func (c *chain) execute(hash string, packed *codectypes.Any) *sdk.TxResponse {
	var response proto.Message = &computetypes.MsgPostJobResponse{
		JobId: testJob, Reserved: params.TfuelCoin(3), PostingFee: sdk.NewInt64Coin(params.BaseDenom, 5),
	}
	post := &computetypes.MsgPostJob{}
	if packed.TypeUrl == sdk.MsgTypeURL(post) {
		c.posted = append(c.posted, decoded(packed, post))
	} else {
		for _, msg := range []proto.Message{
			&computetypes.MsgTopUpJob{}, &computetypes.MsgCancelJob{}, &computetypes.MsgReview{}, &computetypes.MsgChallenge{},
		} {
			if packed.TypeUrl == sdk.MsgTypeURL(msg) {
				c.heard = append(c.heard, decoded(packed, msg))
			}
		}
		response = c.answers[packed.TypeUrl]
	}
	if len(c.refusals) > 0 {
		refused := c.refusals[0]
		c.refusals = c.refusals[1:]
		return &sdk.TxResponse{TxHash: hash, Codespace: refused.Codespace(), Code: refused.ABCICode(), RawLog: refused.Error()}
	}
	if response == nil {
		return &sdk.TxResponse{TxHash: hash, Codespace: computetypes.ModuleName, Code: 2, RawLog: "refused by the test"}
	}
	wrapped, err := codectypes.NewAnyWithValue(response)
	if err != nil {
		panic(err)
	}
	data, err := proto.Marshal(&sdk.TxMsgData{MsgResponses: []*codectypes.Any{wrapped}})
	if err != nil {
		panic(err)
	}
	return &sdk.TxResponse{TxHash: hash, Data: strings.ToUpper(hex.EncodeToString(data))}
}

// simulate answers a message that the test has an answer for.
func (c *chain) simulate(request *tx.SimulateRequest, reply any) error {
	_, packed, err := decodeTx(request.TxBytes)
	if err != nil {
		return err
	}
	response := &tx.SimulateResponse{GasInfo: &sdk.GasInfo{GasUsed: 100_000}}
	if known := c.answers[packed.TypeUrl]; known != nil {
		wrapped, err := codectypes.NewAnyWithValue(known)
		if err != nil {
			return err
		}
		response.Result = &sdk.Result{MsgResponses: []*codectypes.Any{wrapped}}
	}
	return answer(reply, response)
}

func decoded[M proto.Message](packed *codectypes.Any, msg M) M {
	if err := proto.Unmarshal(packed.Value, msg); err != nil {
		panic(err)
	}
	return msg
}

func answer(reply any, with proto.Message) error {
	raw, err := proto.Marshal(with)
	if err != nil {
		return err
	}
	return proto.Unmarshal(raw, reply.(proto.Message))
}

// keySigner signs with a key in memory.
type keySigner struct{ key *secp256k1.PrivKey }

func newSigner() keySigner { return keySigner{key: secp256k1.GenPrivKey()} }

func (s keySigner) Address() sdk.AccAddress         { return sdk.AccAddress(s.key.PubKey().Address()) }
func (s keySigner) PubKey() cryptotypes.PubKey      { return s.key.PubKey() }
func (s keySigner) Sign(doc []byte) ([]byte, error) { return s.key.Sign(doc) }
