package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// claimAndDelegate pays an operator's earnings in the bond denom and delegates them. Unlike
// collect, it claims nothing if they cannot be delegated, because the sender asks for both.
func (k *Keeper) claimAndDelegate(ctx context.Context, msg *types.MsgClaimAndDelegate) (sdk.Coin, error) {
	operator, err := k.parse("operator", msg.Operator)
	if err != nil {
		return sdk.Coin{}, err
	}
	validator, err := k.validators.StringToBytes(msg.Validator)
	if err != nil {
		return sdk.Coin{}, types.ErrInvalidAddress.Wrapf("validator: expected the address of a validator, found %q: %s", msg.Validator, err)
	}
	denom, err := k.others.Staking.BondDenom(ctx)
	if err != nil {
		return sdk.Coin{}, err
	}
	coin, err := k.claimToStake(ctx, operator, msg.Operator, denom)
	if err != nil {
		return sdk.Coin{}, err
	}
	if reason := k.delegate(ctx, operator, validator, coin); reason != "" {
		return sdk.Coin{}, types.ErrNotStaked.Wrapf(
			"%s: %s; name a validator that is in good standing; nothing was claimed", msg.Validator, reason)
	}
	return coin, emit(ctx, types.NewEventEarningsDelegated(msg.Operator, msg.Validator, coin))
}

// claimAndBond pays an operator's earnings in the denom of bonds and adds them to the bond of its
// node. x/edgenode decides which nodes take bond: those in jail do, retired ones do not.
func (k *Keeper) claimAndBond(ctx context.Context, msg *types.MsgClaimAndBond) (sdk.Coin, error) {
	operator, err := k.parse("operator", msg.Operator)
	if err != nil {
		return sdk.Coin{}, err
	}
	denom, err := k.others.Nodes.BondDenom(ctx)
	if err != nil {
		return sdk.Coin{}, err
	}
	coin, err := k.claimToStake(ctx, operator, msg.Operator, denom)
	if err != nil {
		return sdk.Coin{}, err
	}
	if err := k.others.Nodes.AddBond(ctx, operator, coin); err != nil {
		return sdk.Coin{}, err
	}
	return coin, emit(ctx, types.NewEventEarningsBonded(msg.Operator, coin))
}

// claimToStake pays an operator's earnings in one denom to the operator itself. It refuses if the
// payout rule names another account, because the coins would then have left the way that the
// operator has chosen for them.
func (k *Keeper) claimToStake(ctx context.Context, operator sdk.AccAddress, text, denom string) (sdk.Coin, error) {
	rule, err := k.Payout(ctx, operator)
	if err != nil {
		return sdk.Coin{}, err
	}
	if rule.Address != "" {
		return sdk.Coin{}, types.ErrNotStaked.Wrapf(
			"expected earnings that are paid to %s itself, its payout rule names %s; remove the rule with MsgSetPayout, or claim", text, rule.Address)
	}
	voided, err := k.release(ctx, operator)
	if err != nil {
		return sdk.Coin{}, err
	}
	owed, err := amountOf(ctx, k.earnings, collections.Join(operator, denom))
	if err != nil {
		return sdk.Coin{}, err
	}
	if voided && !owed.IsPositive() {
		return sdk.Coin{}, types.ErrNothingToClaim.Wrapf(
			"the first entries of the held pay of %s are void, because their grants were revoked; remove them with MsgClaim first", text)
	}
	if !owed.IsPositive() {
		return sdk.Coin{}, types.ErrNothingToClaim.Wrapf(
			"expected earnings of %s in %s, which is the denom of stakes, found none; claim other denoms with MsgClaim", text, denom)
	}
	coin := sdk.NewCoin(denom, owed)
	if _, err := k.pay(ctx, operator, sdk.NewCoins(coin)); err != nil {
		return sdk.Coin{}, err
	}
	return coin, emit(ctx, types.NewEventClaimed(text, text, sdk.NewCoins(coin)))
}

// delegate delegates coins of an operator. If that is not possible, the coins stay where they
// are, and delegate returns why. The reasons are fixed texts, because they become part of the
// response.
func (k *Keeper) delegate(ctx context.Context, operator sdk.AccAddress, address sdk.ValAddress, coin sdk.Coin) string {
	validator, err := k.others.Staking.GetValidator(ctx, address)
	switch {
	case errors.Is(err, stakingtypes.ErrNoValidatorFound):
		return "the validator is gone"
	case err != nil:
		k.logger(ctx).Error("cannot read a validator to delegate to", "validator", address, "err", err)
		return "the validator cannot be read"
	case validator.IsJailed():
		return "the validator is jailed"
	case validator.InvalidExRate():
		return "the validator has lost all its tokens"
	}
	// A refusal must not leave half of a delegation behind. A panic, for example because the gas
	// is used up, ends the whole message.
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if _, err := k.others.Staking.Delegate(cached, operator, coin.Amount, stakingtypes.Unbonded, validator, true); err != nil {
		k.logger(ctx).Info("earnings were not delegated", "operator", operator, "validator", address, "err", err)
		return "the staking module has refused the delegation"
	}
	write()
	return ""
}
