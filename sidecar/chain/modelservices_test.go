package chain

import (
	"context"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	sdk "github.com/cosmos/cosmos-sdk/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"

	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

type modelStatus struct {
	node.UnimplementedServiceServer
	m *modelNode
}

func (s *modelStatus) Status(context.Context, *node.StatusRequest) (*node.StatusResponse, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.called()
	s.m.block()
	return &node.StatusResponse{Height: uint64(s.m.height)}, nil
}

type modelMarket struct {
	feemarkettypes.UnimplementedQueryServer
	m *modelNode
}

func (q *modelMarket) BaseFee(context.Context, *feemarkettypes.QueryBaseFeeRequest) (*feemarkettypes.QueryBaseFeeResponse, error) {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return &feemarkettypes.QueryBaseFeeResponse{BaseFee: sdk.NewInt64Coin("atfuel", q.m.base), Floor: sdk.NewInt64Coin("atfuel", q.m.floor)}, nil
}

func (q *modelMarket) Params(context.Context, *feemarkettypes.QueryParamsRequest) (*feemarkettypes.QueryParamsResponse, error) {
	return &feemarkettypes.QueryParamsResponse{Params: feemarkettypes.DefaultParams()}, nil
}

type modelConsensus struct {
	consensustypes.UnimplementedQueryServer
	m *modelNode
}

func (q *modelConsensus) Params(context.Context, *consensustypes.QueryParamsRequest) (*consensustypes.QueryParamsResponse, error) {
	return &consensustypes.QueryParamsResponse{Params: &cmtproto.ConsensusParams{Block: &cmtproto.BlockParams{MaxGas: int64(q.m.blockGas)}}}, nil
}
