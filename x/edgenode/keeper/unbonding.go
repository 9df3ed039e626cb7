package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/internal/isolated"
)

// unbondingRetryBlocks is the number of blocks after which the queue visits an unbonding again
// that could not be paid. The delay prevents the unbonding from staying at the head of the
// queue forever.
const unbondingRetryBlocks = 1000

// unbondingsOf returns the range of an operator's unbondings that are not due yet. Unbondings
// that are due belong to the operator, even if the queue has not paid them yet.
func unbondingsOf(ctx context.Context, operator sdk.AccAddress) *collections.PairRange[sdk.AccAddress, int64] {
	return collections.NewPrefixedPairRange[sdk.AccAddress, int64](operator).StartInclusive(height(ctx))
}

// checkUnbondings bounds the number of an operator's entries in the queue. Without this bound,
// a node could fill the queue with one unbonding per block and delay the unbondings of all
// other nodes.
func (k *Keeper) checkUnbondings(ctx context.Context, operator sdk.AccAddress) error {
	_, full, err := k.youngestUnbonding(ctx, operator)
	if err == nil && full {
		err = types.ErrTooManyUnbondings.Wrapf("expected fewer than %d unbondings, found that many; wait until one is paid", types.MaxUnbondings)
	}
	return err
}

// youngestUnbonding returns the height of an operator's last unbonding, and whether the
// operator has so many that none may be added.
func (k *Keeper) youngestUnbonding(ctx context.Context, operator sdk.AccAddress) (completion int64, full bool, err error) {
	iterator, err := k.unbondings.Iterate(ctx, unbondingsOf(ctx, operator).Descending())
	if err != nil {
		return 0, false, err
	}
	defer iterator.Close()
	for open := 1; iterator.Valid(); iterator.Next() {
		if open == 1 {
			key, err := iterator.Key()
			if err != nil {
				return 0, false, err
			}
			completion = key.K2()
		}
		if open >= types.MaxUnbondings {
			return completion, true, nil
		}
		open++
	}
	return completion, false, nil
}

// hasUnbondings reports whether a part of an operator's bond is returning.
func (k *Keeper) hasUnbondings(ctx context.Context, operator sdk.AccAddress) (bool, error) {
	iterator, err := k.unbondings.Iterate(ctx, unbondingsOf(ctx, operator))
	if err != nil {
		return false, err
	}
	defer iterator.Close()
	return iterator.Valid(), nil
}

// queueUnbonding notes coins that return after the unbonding period, but not before the height
// until which some of them were held. Whatever the period is, a result can therefore be
// challenged for as long as was promised. The stake itself has already been reduced. The bond
// of a retired node returns in several parts, as its work ends. If there would be more parts
// than MaxUnbondings, further amounts join the youngest unbonding and delay it, so that no
// part returns while a slash may still need it.
func (k *Keeper) queueUnbonding(
	ctx context.Context, params types.Params, operator sdk.AccAddress, amount sdk.Coin, held int64,
) (int64, error) {
	completion := max(height(ctx)+int64(params.UnbondingBlocks), held+1) //nolint:gosec // at most 2^48
	total := amount.Amount
	youngest, full, err := k.youngestUnbonding(ctx, operator)
	if err != nil {
		return 0, err
	}
	if full {
		waits, err := k.takeUnbonding(ctx, operator, youngest)
		if err != nil {
			return 0, err
		}
		completion, total = max(completion, youngest), total.Add(waits)
	}
	if err := k.addUnbonding(ctx, operator, completion, total); err != nil {
		return 0, err
	}
	text, err := k.text(operator)
	if err != nil {
		return 0, err
	}
	return completion, emit(ctx, types.NewEventUnbonding(text, amount, completion))
}

// addUnbonding adds an amount to the coins that an operator gets at a height.
func (k *Keeper) addUnbonding(ctx context.Context, operator sdk.AccAddress, completion int64, amount math.Int) error {
	key := collections.Join(operator, completion)
	sum, err := k.unbondings.Get(ctx, key)
	switch {
	case errors.Is(err, collections.ErrNotFound):
		sum = amount
	case err != nil:
		return err
	default:
		sum = sum.Add(amount)
	}
	if err := k.unbondings.Set(ctx, key, sum); err != nil {
		return err
	}
	return k.queue.Set(ctx, collections.Join(completion, operator))
}

// PayUnbondings pays the unbondings that are due, at most queue_limit of them. An item that
// cannot be paid is put back for later, and none can halt the chain.
func (k *Keeper) PayUnbondings(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	due, err := dueItems(ctx, k.queue, int(params.QueueLimit))
	if err != nil {
		return err
	}
	for _, item := range due {
		completion, operator := item.K1(), item.K2()
		err := isolated.Run(ctx, func(ctx context.Context) error {
			return k.payUnbonding(ctx, params.BondDenom, operator, completion)
		})
		if err == nil {
			continue
		}
		k.logger(ctx).Error("expected to pay an unbonding, will try later", "operator", operator.String(), "err", err)
		err = isolated.Run(ctx, func(ctx context.Context) error { return k.postponeUnbonding(ctx, operator, completion) })
		if err != nil {
			k.logger(ctx).Error("expected to postpone an unbonding", "operator", operator.String(), "err", err)
		}
	}
	return nil
}

func (k *Keeper) payUnbonding(ctx context.Context, denom string, operator sdk.AccAddress, completion int64) error {
	contested, err := k.isContested(ctx, operator)
	if err != nil {
		return err
	}
	if contested {
		return k.postponeUnbonding(ctx, operator, completion)
	}
	amount, err := k.takeUnbonding(ctx, operator, completion)
	if err != nil {
		return err
	}
	coin := sdk.NewCoin(denom, amount)
	if err := k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, operator, sdk.NewCoins(coin)); err != nil {
		return err
	}
	text, err := k.text(operator)
	if err != nil {
		return err
	}
	return emit(ctx, types.NewEventUnbonded(text, coin))
}

// isContested reports whether a result of an operator is being judged. Until the verdict, the
// operator's bond does not return, however long that takes.
func (k *Keeper) isContested(ctx context.Context, operator sdk.AccAddress) (bool, error) {
	state, err := k.states.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		return false, nil
	}
	return state.Contests > 0, err
}

func (k *Keeper) postponeUnbonding(ctx context.Context, operator sdk.AccAddress, completion int64) error {
	amount, err := k.takeUnbonding(ctx, operator, completion)
	if err != nil {
		return err
	}
	return k.addUnbonding(ctx, operator, height(ctx)+unbondingRetryBlocks, amount)
}

// slashUnbondings takes up to amount off the unbondings of the slashed operator, youngest
// first, and returns how much it has taken. While a result is judged, no unbonding of the
// operator is paid, so slashUnbondings also takes unbondings that have become due since then.
// Their number is small: at most MaxUnbondings, and those that could not be paid when they
// were due.
func (k *Keeper) slashUnbondings(ctx context.Context, req types.SlashRequest, amount math.Int) (math.Int, error) {
	operator := req.Operator
	taken := math.ZeroInt()
	if !amount.IsPositive() {
		return taken, nil
	}
	reach := unbondingsOf(ctx, operator)
	if req.Contested {
		reach = collections.NewPrefixedPairRange[sdk.AccAddress, int64](operator)
	}
	iterator, err := k.unbondings.Iterate(ctx, reach.Descending())
	if err != nil {
		return taken, err
	}
	found, err := iterator.KeyValues()
	if err != nil {
		return taken, err
	}
	for _, unbonding := range found {
		part := math.MinInt(unbonding.Value, amount.Sub(taken))
		if !part.IsPositive() {
			break
		}
		taken = taken.Add(part)
		if part.LT(unbonding.Value) {
			err = k.unbondings.Set(ctx, unbonding.Key, unbonding.Value.Sub(part))
		} else {
			_, err = k.takeUnbonding(ctx, operator, unbonding.Key.K2())
		}
		if err != nil {
			return taken, err
		}
	}
	return taken, nil
}

func (k *Keeper) takeUnbonding(ctx context.Context, operator sdk.AccAddress, completion int64) (math.Int, error) {
	key := collections.Join(operator, completion)
	amount, err := k.unbondings.Get(ctx, key)
	if err != nil {
		return math.Int{}, err
	}
	if err := k.unbondings.Remove(ctx, key); err != nil {
		return math.Int{}, err
	}
	return amount, k.queue.Remove(ctx, collections.Join(completion, operator))
}
