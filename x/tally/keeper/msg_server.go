package keeper

import (
	"context"

	"github.com/thetaedge/theta/x/tally/types"
)

type msgServer struct{ keeper *Keeper }

var _ types.MsgServer = msgServer{}

// NewMsgServer returns the Msg service of the module.
func NewMsgServer(keeper *Keeper) types.MsgServer { return msgServer{keeper: keeper} }

// SubmitOptimistic makes a proposal that passes unless voters object.
func (s msgServer) SubmitOptimistic(ctx context.Context, msg *types.MsgSubmitOptimistic) (*types.MsgSubmitOptimisticResponse, error) {
	id, err := s.keeper.submitOptimistic(ctx, msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgSubmitOptimisticResponse{ProposalId: id}, nil
}

// UpdateParams replaces the parameters. Only governance may call it.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := s.keeper.updateParams(ctx, msg.Authority, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, nil
}
