package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// accountBytes is the length of the addresses that earnings are paid to.
const accountBytes = 20

// payout is a payout rule with its addresses read.
type payout struct {
	// rule is the rule in the form in which it is stored.
	rule types.Payout
	// recipient receives the coins.
	recipient sdk.AccAddress
	// validator is delegated to. It is nil if nothing is delegated.
	validator sdk.ValAddress
}

// Payout returns an operator's payout rule. It is empty if the operator has set none.
func (k *Keeper) Payout(ctx context.Context, operator sdk.AccAddress) (types.Payout, error) {
	rule, err := k.payouts.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Payout{}, nil
	}
	return rule, err
}

// setPayout sets where an operator's earnings go, or removes the rule.
func (k *Keeper) setPayout(ctx context.Context, msg *types.MsgSetPayout) error {
	operator, err := k.parse("operator", msg.Operator)
	if err != nil {
		return err
	}
	read, err := k.readPayout(operator, types.Payout{Address: msg.Address, Validator: msg.Validator})
	if err != nil {
		return err
	}
	if err := k.checkRecipient(ctx, operator, read.recipient); err != nil {
		return err
	}
	if read.validator != nil {
		_, err := k.others.Staking.GetValidator(ctx, read.validator)
		if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
			return types.ErrInvalidPayout.Wrapf("expected a validator, found none with the address %s", read.rule.Validator)
		}
		if err != nil {
			return err
		}
	}
	if err := k.storePayout(ctx, operator, read.rule); err != nil {
		return err
	}
	recipient, err := k.addresses.BytesToString(read.recipient)
	if err != nil {
		return err
	}
	return emit(ctx, types.NewEventPayoutSet(msg.Operator, recipient, read.rule.Validator))
}

// storePayout writes a rule, or removes one that says nothing.
func (k *Keeper) storePayout(ctx context.Context, operator sdk.AccAddress, rule types.Payout) error {
	if rule.Empty() {
		return k.payouts.Remove(ctx, operator)
	}
	return k.payouts.Set(ctx, operator, rule)
}

// readPayout reads the addresses of an operator's rule. In the form in which a rule is stored,
// addresses have the spelling of the chain, and the operator's own address is left out.
func (k *Keeper) readPayout(operator sdk.AccAddress, rule types.Payout) (payout, error) {
	read := payout{recipient: operator}
	if rule.Address != "" {
		recipient, err := k.parse("payout address", rule.Address)
		if err != nil {
			return read, err
		}
		if len(recipient) != accountBytes {
			return read, types.ErrInvalidPayout.Wrapf("expected an account address of %d bytes, found %d", accountBytes, len(recipient))
		}
		read.recipient = recipient
		if !recipient.Equals(operator) {
			if read.rule.Address, err = k.addresses.BytesToString(recipient); err != nil {
				return read, err
			}
		}
	}
	if rule.Validator != "" {
		validator, err := k.validators.StringToBytes(rule.Validator)
		if err != nil {
			return read, types.ErrInvalidPayout.Wrapf("expected the address of a validator, found %q: %s", rule.Validator, err)
		}
		read.validator = validator
		if read.rule.Validator, err = k.validators.BytesToString(validator); err != nil {
			return read, err
		}
	}
	if read.rule.Empty() {
		return read, nil
	}
	return read, read.rule.Validate()
}

// checkRecipient refuses accounts that cannot spend what they are paid, or whose key lies on a
// machine that works.
func (k *Keeper) checkRecipient(ctx context.Context, operator, recipient sdk.AccAddress) error {
	if recipient.Equals(operator) {
		return nil
	}
	if k.others.Bank.BlockedAddr(recipient) {
		return types.ErrInvalidPayout.Wrapf("expected an account that may receive coins, found %s; name another one", recipient)
	}
	if _, is := k.others.Accounts.GetAccount(ctx, recipient).(sdk.ModuleAccountI); is {
		return types.ErrInvalidPayout.Wrapf("expected the account of a person, found the module account %s; name another one", recipient)
	}
	_, err := k.others.Nodes.OperatorOf(ctx, recipient)
	switch {
	case err == nil:
		return types.ErrInvalidPayout.Wrapf("expected a key that is not on the machine of a node, found the worker key %s; name another one", recipient)
	case !errors.Is(err, edgenodetypes.ErrUnknownWorker):
		return err
	}
	return nil
}

// collect pays an operator's earnings, and delegates them if its rule says so. The sender is
// the operator or the worker of its node; neither can direct the coins anywhere else.
func (k *Keeper) collect(ctx context.Context, msg *types.MsgCollect) (*types.MsgCollectResponse, error) {
	operator, err := k.parse("operator", msg.Operator)
	if err != nil {
		return nil, err
	}
	if err := k.checkCollector(ctx, operator, msg.Sender); err != nil {
		return nil, err
	}
	denom, err := k.others.Staking.BondDenom(ctx)
	if err != nil {
		return nil, err
	}
	voided, err := k.release(ctx, operator)
	if err != nil {
		return nil, err
	}
	coins, err := k.someEarnings(ctx, operator, types.MaxClaimDenoms)
	if err != nil {
		return nil, err
	}
	collected := types.MsgCollectResponse{Amount: coins, Delegated: sdk.NewInt64Coin(denom, 0)}
	if voided && coins.Empty() {
		collected.Recipient = msg.Operator
		return &collected, nil
	}
	read, err := k.pay(ctx, operator, coins)
	if err != nil {
		return nil, err
	}
	validator := read.rule.Validator
	if collected.Recipient, err = k.addresses.BytesToString(read.recipient); err != nil {
		return nil, err
	}
	if own := sdk.NewCoin(denom, coins.AmountOf(denom)); read.validator != nil && own.IsPositive() {
		if reason := k.delegate(ctx, operator, read.validator, own); reason != "" {
			collected.Undelegated = reason
		} else {
			collected.Delegated = own
		}
	}
	return &collected, emit(ctx, types.NewEventCollected(msg.Operator, msg.Sender, validator, collected))
}

// checkCollector refuses senders other than the operator and the current worker of its node.
func (k *Keeper) checkCollector(ctx context.Context, operator sdk.AccAddress, text string) error {
	sender, err := k.parse("sender", text)
	if err != nil || sender.Equals(operator) {
		return err
	}
	serves, err := k.others.Nodes.OperatorOf(ctx, sender)
	if err != nil && !errors.Is(err, edgenodetypes.ErrUnknownWorker) {
		return err
	}
	if err != nil || !serves.Equals(operator) {
		return types.ErrNotCollector.Wrapf("expected the key of %s or the current worker key of its node, found %s", operator, text)
	}
	return nil
}
