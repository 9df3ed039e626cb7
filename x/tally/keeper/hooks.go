package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// GovHooks are told when a voting begins and when a vote is cast.
type GovHooks struct{ keeper *Keeper }

// StakingHooks are told of changes of delegations.
type StakingHooks struct{ keeper *Keeper }

// NodeHooks are told of changes of bonds.
type NodeHooks struct{ keeper *Keeper }

var (
	_ govtypes.GovHooks         = GovHooks{}
	_ stakingtypes.StakingHooks = StakingHooks{}
	_ edgenodetypes.StakeHooks  = NodeHooks{}
)

// GovHooks returns the hooks for x/gov.
func (k *Keeper) GovHooks() GovHooks { return GovHooks{keeper: k} }

// StakingHooks returns the hooks for x/staking.
func (k *Keeper) StakingHooks() StakingHooks { return StakingHooks{keeper: k} }

// NodeHooks returns the hooks for x/edgenode.
func (k *Keeper) NodeHooks() NodeHooks { return NodeHooks{keeper: k} }

// AfterProposalSubmission does nothing: a proposal is voted on when it has its deposit.
func (GovHooks) AfterProposalSubmission(context.Context, uint64, sdk.AccAddress) error { return nil }

// AfterProposalDeposit opens a voting when the deposit is complete.
func (h GovHooks) AfterProposalDeposit(ctx context.Context, id uint64, _ sdk.AccAddress) error {
	return h.keeper.begin(ctx, id)
}

// AfterProposalVote counts a vote.
func (h GovHooks) AfterProposalVote(ctx context.Context, id uint64, voter sdk.AccAddress) error {
	return h.keeper.cast(ctx, id, voter)
}

// AfterProposalFailedMinDeposit does nothing: there was no voting.
func (GovHooks) AfterProposalFailedMinDeposit(context.Context, uint64) error { return nil }

// AfterProposalVotingPeriodEnded notes that a voting has ended, unless the proposal was expedited and
// becomes a regular one. EndBlock finds votings that end without this call.
func (h GovHooks) AfterProposalVotingPeriodEnded(ctx context.Context, id uint64) error {
	return h.keeper.end(ctx, id)
}

// BeforeDelegationSharesModified takes a delegation out of the sums.
func (h StakingHooks) BeforeDelegationSharesModified(ctx context.Context, delegator sdk.AccAddress, validator sdk.ValAddress) error {
	return h.keeper.moveDelegation(ctx, delegator, validator, false)
}

// AfterDelegationModified counts a delegation that is new or has changed.
func (h StakingHooks) AfterDelegationModified(ctx context.Context, delegator sdk.AccAddress, validator sdk.ValAddress) error {
	return h.keeper.moveDelegation(ctx, delegator, validator, true)
}

// BeforeDelegationCreated does nothing: the delegation is counted once it exists.
func (StakingHooks) BeforeDelegationCreated(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return nil
}

// BeforeDelegationRemoved does nothing: the delegation was taken out before its shares changed.
func (StakingHooks) BeforeDelegationRemoved(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return nil
}

// AfterValidatorCreated does nothing: the tally reads validators as they are.
func (StakingHooks) AfterValidatorCreated(context.Context, sdk.ValAddress) error { return nil }

// BeforeValidatorModified does nothing.
func (StakingHooks) BeforeValidatorModified(context.Context, sdk.ValAddress) error { return nil }

// AfterValidatorRemoved does nothing.
func (StakingHooks) AfterValidatorRemoved(context.Context, sdk.ConsAddress, sdk.ValAddress) error {
	return nil
}

// AfterValidatorBonded does nothing.
func (StakingHooks) AfterValidatorBonded(context.Context, sdk.ConsAddress, sdk.ValAddress) error {
	return nil
}

// AfterValidatorBeginUnbonding does nothing.
func (StakingHooks) AfterValidatorBeginUnbonding(context.Context, sdk.ConsAddress, sdk.ValAddress) error {
	return nil
}

// BeforeValidatorSlashed does nothing: a slash changes what shares are worth, not the shares.
func (StakingHooks) BeforeValidatorSlashed(context.Context, sdk.ValAddress, math.LegacyDec) error {
	return nil
}

// AfterUnbondingInitiated does nothing.
func (StakingHooks) AfterUnbondingInitiated(context.Context, uint64) error { return nil }

// AfterStakeChanged counts the bond of a node again.
func (h NodeHooks) AfterStakeChanged(ctx context.Context, operator sdk.AccAddress, before, after edgenodetypes.Stake) error {
	return h.keeper.restake(ctx, operator, before, after)
}
