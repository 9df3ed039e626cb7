package tx

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/client/grpcnode"
)

// errStarting is what a node answers between its restart and its next block.
var errStarting = status.Error(codes.Unknown, "codespace sdk code 26: invalid height: context did not contain latest block height in either check state or finalize block state (14)")

// fakeNode is a node with one account. It makes a block each time it is asked for its height.
type fakeNode struct {
	grpcnode.Connection

	height   int64
	sequence uint64
	// pool waits for the next block; it is full for ever if that is so.
	pool []Signed
	full bool
	// forgets is how many transactions are taken and forgotten.
	forgets int
	// answers are the answers to the next broadcasts, before all else; nil is none.
	answers []any
	// simulates is the answer to simulations: a *txtypes.SimulateResponse or an error.
	simulates any
	// starting answers as a node that was restarted.
	starting bool
	// blockCodes are the results of the next transactions in their blocks.
	blockCodes []*sdk.TxResponse
	// foreign is the height at which another program's transaction uses the sequence.
	foreign int64

	sent    []Signed
	results map[string]*sdk.TxResponse
	// accounts counts queries of the account.
	accounts int
}

func newFakeNode() *fakeNode {
	return &fakeNode{height: 100, sequence: 5, results: map[string]*sdk.TxResponse{}}
}

// Invoke answers a question.
func (n *fakeNode) Invoke(_ context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	for _, opt := range opts {
		if header, ok := opt.(grpc.HeaderCallOption); ok {
			*header.HeaderAddr = metadata.Pairs(grpctypes.GRPCBlockHeightHeader, strconv.FormatInt(n.height, 10))
		}
	}
	switch asked := request.(type) {
	case *authtypes.QueryAccountInfoRequest:
		n.accounts++
		reply.(*authtypes.QueryAccountInfoResponse).Info = &authtypes.BaseAccount{Address: asked.Address, AccountNumber: 4, Sequence: n.sequence}
		return nil
	case *nodeservice.StatusRequest:
		if n.starting {
			return errStarting
		}
		n.block()
		*reply.(*nodeservice.StatusResponse) = nodeservice.StatusResponse{Height: uint64(n.height), Timestamp: &time.Time{}}
		return nil
	case *txtypes.SimulateRequest:
		if err, failed := n.simulates.(error); failed {
			return err
		}
		*reply.(*txtypes.SimulateResponse) = *n.simulates.(*txtypes.SimulateResponse)
		return nil
	case *txtypes.BroadcastTxRequest:
		return n.broadcast(asked, reply.(*txtypes.BroadcastTxResponse))
	case *txtypes.GetTxRequest:
		found, ok := n.results[asked.Hash]
		if !ok {
			return status.Error(codes.NotFound, "tx not found")
		}
		reply.(*txtypes.GetTxResponse).TxResponse = found
		return nil
	}
	return fmt.Errorf("the node has no answer for %s", method)
}

func (n *fakeNode) broadcast(asked *txtypes.BroadcastTxRequest, reply *txtypes.BroadcastTxResponse) error {
	signed, err := ReadSigned(asked.TxBytes)
	if err != nil {
		return err
	}
	n.sent = append(n.sent, signed)
	if len(n.answers) > 0 {
		answer := n.answers[0]
		n.answers = n.answers[1:]
		switch answer := answer.(type) {
		case error:
			return answer
		case *sdk.TxResponse:
			reply.TxResponse = answer
			return nil
		}
	}
	reply.TxResponse = &sdk.TxResponse{TxHash: signed.Hash()}
	switch {
	case n.forgets > 0:
		n.forgets--
	case signed.Sequence != n.sequence:
		reply.TxResponse = refusedWith(sdkerrors.ErrWrongSequence.Codespace(), sdkerrors.ErrWrongSequence.ABCICode(),
			fmt.Sprintf("account sequence mismatch, expected %d, got %d: incorrect account sequence", n.sequence, signed.Sequence))
	default:
		n.pool = append(n.pool, signed)
	}
	return nil
}

func refusedWith(codespace string, code uint32, log string) *sdk.TxResponse {
	return &sdk.TxResponse{Codespace: codespace, Code: code, RawLog: log}
}

// block makes a block of what waits.
func (n *fakeNode) block() {
	n.height++
	if n.height == n.foreign {
		n.sequence++
	}
	if n.full {
		return
	}
	for _, signed := range n.pool {
		if signed.Sequence != n.sequence || n.height > signed.TimeoutHeight {
			continue
		}
		n.sequence++
		result := &sdk.TxResponse{}
		if len(n.blockCodes) > 0 {
			result, n.blockCodes = n.blockCodes[0], n.blockCodes[1:]
		}
		result.TxHash, result.Height = signed.Hash(), n.height
		n.results[signed.Hash()] = result
	}
	n.pool = nil
}
