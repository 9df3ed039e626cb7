package keeper

import (
	"context"

	"github.com/thetaedge/theta/x/edgenode/types"
)

type msgServer struct{ keeper *Keeper }

var _ types.MsgServer = msgServer{}

// NewMsgServer returns the Msg service of the module.
func NewMsgServer(keeper *Keeper) types.MsgServer { return msgServer{keeper: keeper} }

// Register bonds coins and opens a node.
func (s msgServer) Register(ctx context.Context, msg *types.MsgRegister) (*types.MsgRegisterResponse, error) {
	if err := s.keeper.register(ctx, msg); err != nil {
		return nil, err
	}
	return &types.MsgRegisterResponse{}, nil
}

// Update replaces the declaration of the operator.
func (s msgServer) Update(ctx context.Context, msg *types.MsgUpdate) (*types.MsgUpdateResponse, error) {
	if err := s.keeper.update(ctx, msg); err != nil {
		return nil, err
	}
	return &types.MsgUpdateResponse{}, nil
}

// Bond adds to the node's bond.
func (s msgServer) Bond(ctx context.Context, msg *types.MsgBond) (*types.MsgBondResponse, error) {
	operator, err := s.keeper.parse("operator", msg.Operator)
	if err != nil {
		return nil, err
	}
	if err := s.keeper.addBond(ctx, operator, msg.Amount); err != nil {
		return nil, err
	}
	return &types.MsgBondResponse{}, nil
}

// Unbond starts the return of free bond.
func (s msgServer) Unbond(ctx context.Context, msg *types.MsgUnbond) (*types.MsgUnbondResponse, error) {
	operator, err := s.keeper.parse("operator", msg.Operator)
	if err != nil {
		return nil, err
	}
	completion, err := s.keeper.unbond(ctx, operator, msg.Amount)
	if err != nil {
		return nil, err
	}
	return &types.MsgUnbondResponse{CompletionHeight: completion}, nil
}

// Pause stops the node from claiming.
func (s msgServer) Pause(ctx context.Context, msg *types.MsgPause) (*types.MsgPauseResponse, error) {
	operator, err := s.keeper.parse("operator", msg.Operator)
	if err != nil {
		return nil, err
	}
	if err := s.keeper.pause(ctx, operator); err != nil {
		return nil, err
	}
	return &types.MsgPauseResponse{}, nil
}

// Resume lets a paused node claim again.
func (s msgServer) Resume(ctx context.Context, msg *types.MsgResume) (*types.MsgResumeResponse, error) {
	operator, err := s.keeper.parse("operator", msg.Operator)
	if err != nil {
		return nil, err
	}
	if err := s.keeper.resume(ctx, operator); err != nil {
		return nil, err
	}
	return &types.MsgResumeResponse{}, nil
}

// Retire closes the node and unbonds its free bond.
func (s msgServer) Retire(ctx context.Context, msg *types.MsgRetire) (*types.MsgRetireResponse, error) {
	operator, err := s.keeper.parse("operator", msg.Operator)
	if err != nil {
		return nil, err
	}
	unbonding, completion, err := s.keeper.retire(ctx, operator)
	if err != nil {
		return nil, err
	}
	return &types.MsgRetireResponse{Unbonding: unbonding, CompletionHeight: completion}, nil
}

// RotateWorker replaces the worker key.
func (s msgServer) RotateWorker(ctx context.Context, msg *types.MsgRotateWorker) (*types.MsgRotateWorkerResponse, error) {
	if err := s.keeper.rotateWorker(ctx, msg); err != nil {
		return nil, err
	}
	return &types.MsgRotateWorkerResponse{}, nil
}

// Unjail makes a jailed node active after its term is over.
func (s msgServer) Unjail(ctx context.Context, msg *types.MsgUnjail) (*types.MsgUnjailResponse, error) {
	operator, err := s.keeper.parse("operator", msg.Operator)
	if err != nil {
		return nil, err
	}
	if err := s.keeper.unjail(ctx, operator); err != nil {
		return nil, err
	}
	return &types.MsgUnjailResponse{}, nil
}

// RenewLease renews the lease of the node that the worker serves.
func (s msgServer) RenewLease(ctx context.Context, msg *types.MsgRenewLease) (*types.MsgRenewLeaseResponse, error) {
	worker, err := s.keeper.parse("worker", msg.Worker)
	if err != nil {
		return nil, err
	}
	end, err := s.keeper.renewLease(ctx, worker)
	if err != nil {
		return nil, err
	}
	return &types.MsgRenewLeaseResponse{LeaseEnd: end}, nil
}

// UpdateParams replaces the parameters. Only governance may call it.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := s.keeper.updateParams(ctx, msg.Authority, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, nil
}
