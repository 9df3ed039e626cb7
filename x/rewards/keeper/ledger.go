package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// CreditReward divides a paid reward and credits the executor's part, which it returns. All
// coins stay in escrow; EndBlock moves the other shares. CreditReward refuses amounts of more
// than types.MaxAmountBits bits: x/compute bounds rewards below that.
func (k *Keeper) CreditReward(ctx context.Context, operator sdk.AccAddress, gross sdk.Coin) (sdk.Coin, error) {
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
	return shares.Executor, k.note(ctx, operator, gross.Denom, shares.Pending())
}

// CreditShare credits an operator with a whole amount that is already in escrow: the honest
// share of a slash.
func (k *Keeper) CreditShare(ctx context.Context, operator sdk.AccAddress, coin sdk.Coin) error {
	if err := types.CheckCoin(coin); err != nil {
		return err
	}
	return k.credit(ctx, operator, coin)
}

func (k *Keeper) credit(ctx context.Context, operator sdk.AccAddress, coin sdk.Coin) error {
	if coin.IsZero() {
		return nil
	}
	key := collections.Join(operator, coin.Denom)
	owed, err := k.owed(ctx, key)
	if err != nil {
		return err
	}
	return k.earnings.Set(ctx, key, owed.Add(coin.Amount))
}

func (k *Keeper) owed(ctx context.Context, key accountKey) (math.Int, error) {
	owed, err := k.earnings.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		return math.ZeroInt(), nil
	}
	return owed, err
}

// note adds shares to those of this block.
func (k *Keeper) note(ctx context.Context, operator sdk.AccAddress, denom string, shares types.PendingFees) error {
	if shares.Total().Empty() {
		return nil
	}
	key := collections.Join(operator, denom)
	noted, err := k.notes.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	return k.notes.Set(ctx, key, noted.Add(shares))
}

// Earnings returns the amounts that an operator may claim.
func (k *Keeper) Earnings(ctx context.Context, operator sdk.AccAddress) (sdk.Coins, error) {
	return k.someEarnings(ctx, operator, 0)
}

// someEarnings returns the first limit denoms of an operator's earnings, or all of them if
// limit is 0.
func (k *Keeper) someEarnings(ctx context.Context, operator sdk.AccAddress, limit int) (sdk.Coins, error) {
	iterator, err := k.earnings.Iterate(ctx, collections.NewPrefixedPairRange[sdk.AccAddress, string](operator))
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

// claim pays an operator's earnings from escrow: those of the named denoms or, if none is
// named, of the first types.MaxClaimDenoms.
func (k *Keeper) claim(ctx context.Context, msg *types.MsgClaim) (sdk.Coins, error) {
	operator, err := k.parse(msg.Operator)
	if err != nil {
		return nil, err
	}
	if err := msg.CheckDenoms(); err != nil {
		return nil, err
	}
	paid, err := k.claimable(ctx, operator, msg.Denoms)
	if err != nil {
		return nil, err
	}
	if paid.Empty() {
		return nil, types.ErrNothingToClaim.Wrapf("expected earnings of %s, found none in the denoms asked for; query earnings to see them", msg.Operator)
	}
	for _, coin := range paid {
		if err := k.earnings.Remove(ctx, collections.Join(operator, coin.Denom)); err != nil {
			return nil, err
		}
	}
	if err := k.bank.SendCoinsFromModuleToAccount(ctx, k.escrow, operator, paid); err != nil {
		return nil, err
	}
	return paid, emit(ctx, types.NewEventClaimed(msg.Operator, paid))
}

func (k *Keeper) claimable(ctx context.Context, operator sdk.AccAddress, denoms []string) (sdk.Coins, error) {
	if len(denoms) == 0 {
		return k.someEarnings(ctx, operator, types.MaxClaimDenoms)
	}
	coins := sdk.NewCoins()
	for _, denom := range denoms {
		owed, err := k.owed(ctx, collections.Join(operator, denom))
		if err != nil {
			return nil, err
		}
		coins = coins.Add(sdk.NewCoin(denom, owed))
	}
	return coins, nil
}
