package types

import (
	"context"

	"cosmossdk.io/core/address"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// GovKeeper knows proposals and votes.
type GovKeeper interface {
	// Proposal returns a proposal, or collections.ErrNotFound.
	Proposal(ctx context.Context, id uint64) (govv1.Proposal, error)
	// Next returns the id of the proposal that is made next.
	Next(ctx context.Context) (uint64, error)
	// Open reports whether a proposal is being voted on.
	Open(ctx context.Context, id uint64) (bool, error)
	// WalkOpen visits the proposals that are being voted on, in order.
	WalkOpen(ctx context.Context, visit func(id uint64) error) error
	// Vote returns the last vote of an account.
	Vote(ctx context.Context, id uint64, voter sdk.AccAddress) (govv1.Vote, error)
	// WalkVotes visits all votes, ordered by proposal and voter.
	WalkVotes(ctx context.Context, visit func(id uint64, voter sdk.AccAddress, vote govv1.Vote) error) error
	// RemoveVote removes a vote, if there is one.
	RemoveVote(ctx context.Context, id uint64, voter sdk.AccAddress) error
	// Params returns the rules of votings.
	Params(ctx context.Context) (govv1.Params, error)
	// Submit makes a proposal, as the message does it, and returns its id.
	Submit(ctx context.Context, msg *govv1.MsgSubmitProposal) (uint64, error)
}

// StakingKeeper knows validators and delegations.
type StakingKeeper interface {
	ValidatorAddressCodec() address.Codec
	IterateBondedValidatorsByPower(ctx context.Context, visit func(index int64, validator stakingtypes.ValidatorI) (stop bool)) error
	IterateDelegations(ctx context.Context, delegator sdk.AccAddress, visit func(index int64, delegation stakingtypes.DelegationI) (stop bool)) error
	GetDelegation(ctx context.Context, delegator sdk.AccAddress, validator sdk.ValAddress) (stakingtypes.Delegation, error)
}

// NodeKeeper knows what operators have at stake.
type NodeKeeper interface {
	Stake(ctx context.Context, operator sdk.AccAddress) (edgenodetypes.Stake, error)
}
