package rpcnode

import (
	"context"
	"errors"
	"fmt"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/types/query"
)

// Conn answers like the gRPC endpoint of thetad, about blocks, validators and the store. Its
// newest block does not contain transactions, and contains the commit of the previous block.
func (n *Node) Conn() grpc.ClientConnInterface { return conn{n} }

type conn struct{ n *Node }

// NewStream is not used.
func (conn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("expected no stream")
}

// Invoke answers a query.
func (c conn) Invoke(_ context.Context, method string, request, reply any, _ ...grpc.CallOption) error {
	switch asked := request.(type) {
	case *cmtservice.GetLatestBlockRequest:
		block, err := c.n.blockOf(c.n.Newest())
		reply.(*cmtservice.GetLatestBlockResponse).Block = block //nolint:staticcheck // as consensus hashes it
		return err
	case *cmtservice.GetBlockByHeightRequest:
		block, err := c.n.blockOf(asked.Height)
		reply.(*cmtservice.GetBlockByHeightResponse).Block = block //nolint:staticcheck // as consensus hashes it
		return err
	case *cmtservice.GetValidatorSetByHeightRequest:
		return c.n.validatorsOf(asked, reply.(*cmtservice.GetValidatorSetByHeightResponse))
	case *cmtservice.ABCIQueryRequest:
		answer, err := c.n.query(nil, asked.Path, asked.Data, asked.Height, asked.Prove)
		if err == nil {
			*reply.(*cmtservice.ABCIQueryResponse) = *cmtservice.FromABCIResponseQuery(&answer.Response)
		}
		return err
	default:
		return fmt.Errorf("expected a question about blocks, found %s", method)
	}
}

// blockOf returns an empty block with the header at a height and the commit of the previous
// block.
func (n *Node) blockOf(height int64) (*cmtproto.Block, error) {
	if height > n.Newest() {
		return nil, status.Error(codes.InvalidArgument, "requested block height is bigger than the chain length")
	}
	signed, err := n.signed(&height)
	if err != nil {
		return nil, err
	}
	before := height - 1
	last := &types.Commit{}
	if height > firstHeader {
		parent, err := n.signed(&before)
		if err != nil {
			return nil, err
		}
		last = parent.Commit
	}
	return (&types.Block{Header: *signed.Header, LastCommit: last}).ToProto()
}

func (n *Node) validatorsOf(asked *cmtservice.GetValidatorSetByHeightRequest, answer *cmtservice.GetValidatorSetByHeightResponse) error {
	all := n.headers.set.Validators
	answer.BlockHeight, answer.Pagination = asked.Height, &query.PageResponse{Total: uint64(len(all))}
	for _, validator := range all[min(int(asked.Pagination.Offset), len(all)):] {
		key, err := codectypes.NewAnyWithValue(&ed25519.PubKey{Key: validator.PubKey.Bytes()})
		if err != nil {
			return err
		}
		answer.Validators = append(answer.Validators, &cmtservice.Validator{
			PubKey: key, VotingPower: validator.VotingPower, ProposerPriority: validator.ProposerPriority,
		})
	}
	return nil
}
