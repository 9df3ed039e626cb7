package keeper

import (
	"context"

	"github.com/thetaedge/theta/x/rewards/types"
)

type msgServer struct{ keeper *Keeper }

var _ types.MsgServer = msgServer{}

// NewMsgServer returns the Msg service of the module.
func NewMsgServer(keeper *Keeper) types.MsgServer { return msgServer{keeper: keeper} }

// Claim pays an operator's unclaimed earnings from escrow.
func (s msgServer) Claim(ctx context.Context, msg *types.MsgClaim) (*types.MsgClaimResponse, error) {
	paid, err := s.keeper.claim(ctx, msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgClaimResponse{Amount: paid}, nil
}

// UpdateParams replaces the parameters. Only governance may call it.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := s.keeper.updateParams(ctx, msg.Authority, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, nil
}
