package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// CreditReward divides a paid reward and credits the executor's part, which it returns. All
// coins stay in escrow; EndBlock moves the other shares. CreditReward refuses amounts of more
// than types.MaxAmountBits bits: x/compute bounds rewards below that.
func (k *Keeper) CreditReward(ctx context.Context, operator sdk.AccAddress, gross sdk.Coin, from computetypes.CreditOrigin) (sdk.Coin, error) {
	if err := types.CheckCoin(gross); err != nil {
		return sdk.Coin{}, err
	}
	if gross.IsZero() {
		return gross, nil
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return sdk.Coin{}, err
	}
	shares := params.Split(gross)
	if err := k.credit(ctx, operator, shares.Executor); err != nil {
		return sdk.Coin{}, err
	}
	if err := k.recordCredit(ctx, operator, from, shares.Executor); err != nil {
		return sdk.Coin{}, err
	}
	return shares.Executor, k.note(ctx, operator, gross.Denom, types.SettlementNote{
		Shares: shares.Pending(), Credits: 1,
		Work: types.PaidWork{Rewards: sdk.NewCoins(gross), Credited: types.Credited(from.Source, shares.Executor)},
	})
}

// CreditShare credits an operator with a whole amount that is already in escrow: the honest
// share of a slash, or the award of a challenge.
func (k *Keeper) CreditShare(ctx context.Context, operator sdk.AccAddress, coin sdk.Coin, from computetypes.CreditOrigin) error {
	if err := types.CheckCoin(coin); err != nil {
		return err
	}
	if err := k.credit(ctx, operator, coin); err != nil {
		return err
	}
	if err := k.recordCredit(ctx, operator, from, coin); err != nil {
		return err
	}
	return k.note(ctx, operator, coin.Denom, types.SettlementNote{
		Credits: 1, Work: types.PaidWork{HonestShares: sdk.NewCoins(coin), Credited: types.Credited(from.Source, coin)},
	})
}

// Discard takes a coin out of escrow that no node has earned, such as the fee of a seat. Coins of
// the fee denom are burned at once. Others go to the community pool when shares are moved next:
// burning a voucher would only strand the coins behind it on their chain. The account that has
// paid the coin is part of the note's key, so that settlements of different accounts do not share
// a key.
func (k *Keeper) Discard(ctx context.Context, payer sdk.AccAddress, coin sdk.Coin) error {
	if err := types.CheckCoin(coin); err != nil || coin.IsZero() {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if coin.Denom == params.FeeDenom {
		return k.others.Fees.BurnCoins(ctx, k.escrow, sdk.NewCoins(coin))
	}
	return k.note(ctx, payer, coin.Denom, types.SettlementNote{Shares: types.PendingFees{Community: sdk.NewCoins(coin)}})
}

func (k *Keeper) credit(ctx context.Context, operator sdk.AccAddress, coin sdk.Coin) error {
	if coin.IsZero() {
		return nil
	}
	return increase(ctx, k.earnings, collections.Join(operator, coin.Denom), coin.Amount)
}

// increase adds an amount to an entry.
func increase(ctx context.Context, entries collections.Map[accountKey, math.Int], key accountKey, amount math.Int) error {
	before, err := amountOf(ctx, entries, key)
	if err != nil {
		return err
	}
	return entries.Set(ctx, key, before.Add(amount))
}

// amountOf returns an entry, which is zero if it is missing.
func amountOf(ctx context.Context, entries collections.Map[accountKey, math.Int], key accountKey) (math.Int, error) {
	amount, err := entries.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		return math.ZeroInt(), nil
	}
	return amount, err
}

// note adds what was credited to what this block has credited so far.
func (k *Keeper) note(ctx context.Context, operator sdk.AccAddress, denom string, note types.SettlementNote) error {
	if note.Work.Empty() && note.Shares.Total().Empty() {
		return nil
	}
	key := collections.Join(operator, denom)
	noted, err := k.notes.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	return k.notes.Set(ctx, key, noted.Add(note))
}

// Earnings returns what the ledger owes an operator. A claim first adds held pay that has matured.
func (k *Keeper) Earnings(ctx context.Context, operator sdk.AccAddress) (sdk.Coins, error) {
	return k.someEarnings(ctx, operator, 0)
}

// Paid returns what an operator's earnings have paid so far, in the first types.MaxPaidDenoms.
func (k *Keeper) Paid(ctx context.Context, operator sdk.AccAddress) (sdk.Coins, error) {
	return coinsOf(ctx, k.paid, operator, types.MaxPaidDenoms)
}

// someEarnings returns the first limit denoms of an operator's earnings, or all of them if
// limit is 0.
func (k *Keeper) someEarnings(ctx context.Context, operator sdk.AccAddress, limit int) (sdk.Coins, error) {
	return coinsOf(ctx, k.earnings, operator, limit)
}

// coinsOf returns the first limit entries of an operator, or all of them if limit is 0.
func coinsOf(ctx context.Context, entries collections.Map[accountKey, math.Int], operator sdk.AccAddress, limit int) (sdk.Coins, error) {
	iterator, err := entries.Iterate(ctx, collections.NewPrefixedPairRange[sdk.AccAddress, string](operator))
	if err != nil {
		return nil, err
	}
	defer iterator.Close()
	coins := sdk.NewCoins()
	for ; iterator.Valid() && (limit == 0 || len(coins) < limit); iterator.Next() {
		entry, err := iterator.KeyValue()
		if err != nil {
			return nil, err
		}
		coins = coins.Add(sdk.NewCoin(entry.Key.K2(), entry.Value))
	}
	return coins, nil
}

// claim pays an operator's earnings to its payout address: those of the named denoms or, if
// none is named, of the first types.MaxClaimDenoms. It delegates nothing.
func (k *Keeper) claim(ctx context.Context, msg *types.MsgClaim) (sdk.Coins, error) {
	operator, err := k.parse("operator", msg.Operator)
	if err != nil {
		return nil, err
	}
	if err := msg.CheckDenoms(); err != nil {
		return nil, err
	}
	voided, err := k.release(ctx, operator)
	if err != nil {
		return nil, err
	}
	paid, err := k.claimable(ctx, operator, msg.Denoms)
	if err != nil || voided && paid.Empty() {
		return paid, err
	}
	read, err := k.pay(ctx, operator, paid)
	if err != nil {
		return nil, err
	}
	recipient, err := k.addresses.BytesToString(read.recipient)
	if err != nil {
		return nil, err
	}
	return paid, emit(ctx, types.NewEventClaimed(msg.Operator, recipient, paid))
}

// pay moves earnings, which are whole ledger entries, from escrow to where the operator's rule
// says. It returns the rule.
func (k *Keeper) pay(ctx context.Context, operator sdk.AccAddress, coins sdk.Coins) (payout, error) {
	if coins.Empty() {
		return payout{}, types.ErrNothingToClaim.Wrapf("expected earnings of %s, found none in the denoms asked for; query earnings to see them", operator)
	}
	rule, err := k.Payout(ctx, operator)
	if err != nil {
		return payout{}, err
	}
	read, err := k.readPayout(operator, rule)
	if err != nil {
		return payout{}, err
	}
	for _, coin := range coins {
		key := collections.Join(operator, coin.Denom)
		if err := k.earnings.Remove(ctx, key); err != nil {
			return payout{}, err
		}
		if err := increase(ctx, k.paid, key, coin.Amount); err != nil {
			return payout{}, err
		}
	}
	return read, k.others.Bank.SendCoinsFromModuleToAccount(ctx, k.escrow, read.recipient, coins)
}

func (k *Keeper) claimable(ctx context.Context, operator sdk.AccAddress, denoms []string) (sdk.Coins, error) {
	if len(denoms) == 0 {
		return k.someEarnings(ctx, operator, types.MaxClaimDenoms)
	}
	coins := sdk.NewCoins()
	for _, denom := range denoms {
		owed, err := amountOf(ctx, k.earnings, collections.Join(operator, denom))
		if err != nil {
			return nil, err
		}
		coins = coins.Add(sdk.NewCoin(denom, owed))
	}
	return coins, nil
}
