package keeper

import (
	"context"

	"github.com/thetaedge/theta/x/rewards/types"
)

type msgServer struct{ keeper *Keeper }

var _ types.MsgServer = msgServer{}

// NewMsgServer returns the Msg service of the module.
func NewMsgServer(keeper *Keeper) types.MsgServer { return msgServer{keeper: keeper} }

// Claim pays an operator's unclaimed earnings from escrow to its payout address.
func (s msgServer) Claim(ctx context.Context, msg *types.MsgClaim) (*types.MsgClaimResponse, error) {
	paid, err := s.keeper.claim(ctx, msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgClaimResponse{Amount: paid}, nil
}

// SetPayout sets where the operator's earnings go.
func (s msgServer) SetPayout(ctx context.Context, msg *types.MsgSetPayout) (*types.MsgSetPayoutResponse, error) {
	if err := s.keeper.setPayout(ctx, msg); err != nil {
		return nil, err
	}
	return &types.MsgSetPayoutResponse{}, nil
}

// Collect pays an operator's unclaimed earnings as its payout rule says.
func (s msgServer) Collect(ctx context.Context, msg *types.MsgCollect) (*types.MsgCollectResponse, error) {
	return s.keeper.collect(ctx, msg)
}

// UpdateParams replaces the parameters. Only governance may call it.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := s.keeper.updateParams(ctx, msg.Authority, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, nil
}
