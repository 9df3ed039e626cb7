package keeper

import (
	"context"

	"cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

type msgServer struct {
	keeper *Keeper
}

var _ types.MsgServer = msgServer{}

// NewMsgServer returns the module's Msg service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{keeper: k} }

// SubmitRound verifies a round.
func (s msgServer) SubmitRound(ctx context.Context, msg *types.MsgSubmitRound) (*types.MsgSubmitRoundResponse, error) {
	submitter, err := s.keeper.addresses.StringToBytes(msg.Submitter)
	if err != nil {
		return nil, errors.Wrapf(err, "submitter %q", msg.Submitter)
	}
	round, reimbursable, err := s.keeper.SubmitRound(ctx, submitter, msg.Round, msg.Signature)
	if err != nil {
		return nil, err
	}
	return &types.MsgSubmitRoundResponse{Randomness: round.Randomness, Reimbursable: reimbursable}, nil
}

// UpdateParams replaces the parameters on behalf of governance.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.keeper.authority, msg.Authority); err != nil {
		return nil, err
	}
	if err := s.keeper.UpdateParams(ctx, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, nil
}
