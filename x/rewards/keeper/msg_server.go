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

// ClaimAndDelegate claims an operator's earnings in the bond denom and delegates them.
func (s msgServer) ClaimAndDelegate(ctx context.Context, msg *types.MsgClaimAndDelegate) (*types.MsgClaimAndDelegateResponse, error) {
	coin, err := s.keeper.claimAndDelegate(ctx, msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgClaimAndDelegateResponse{Delegated: coin}, nil
}

// ClaimAndBond claims an operator's earnings in the denom of bonds and adds them to its bond.
func (s msgServer) ClaimAndBond(ctx context.Context, msg *types.MsgClaimAndBond) (*types.MsgClaimAndBondResponse, error) {
	coin, err := s.keeper.claimAndBond(ctx, msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgClaimAndBondResponse{Bonded: coin}, nil
}

// UpdateParams replaces the parameters. Only governance may call it.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := s.keeper.updateParams(ctx, msg.Authority, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, nil
}

// CreateGrant creates a grant. Only governance may call it.
func (s msgServer) CreateGrant(ctx context.Context, msg *types.MsgCreateGrant) (*types.MsgCreateGrantResponse, error) {
	id, err := s.keeper.createGrant(ctx, msg.Authority, msg.Terms)
	if err != nil {
		return nil, err
	}
	return &types.MsgCreateGrantResponse{Id: id}, nil
}

// RevokeGrant revokes a grant. Only governance may call it.
func (s msgServer) RevokeGrant(ctx context.Context, msg *types.MsgRevokeGrant) (*types.MsgRevokeGrantResponse, error) {
	burned, err := s.keeper.revokeGrant(ctx, msg.Authority, msg.Id)
	if err != nil {
		return nil, err
	}
	return &types.MsgRevokeGrantResponse{Burned: burned}, nil
}

// FundGrant adds to the deposit of the sender's grant.
func (s msgServer) FundGrant(ctx context.Context, msg *types.MsgFundGrant) (*types.MsgFundGrantResponse, error) {
	grant, err := s.keeper.fundGrant(ctx, msg.Grantee, msg.Id, msg.Amount)
	if err != nil {
		return nil, err
	}
	return &types.MsgFundGrantResponse{Status: grant.Status, Deposit: grant.Coin(grant.Deposit)}, nil
}

// WithdrawGrant pays back what is left of a deposit.
func (s msgServer) WithdrawGrant(ctx context.Context, msg *types.MsgWithdrawGrant) (*types.MsgWithdrawGrantResponse, error) {
	paid, err := s.keeper.withdrawGrant(ctx, msg.Grantee, msg.Id)
	if err != nil {
		return nil, err
	}
	return &types.MsgWithdrawGrantResponse{Amount: paid}, nil
}
