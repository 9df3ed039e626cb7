package keeper

import (
	"context"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/feemarket/types"
	"github.com/thetaedge/theta/x/internal/isolated"
)

// EndBlock burns the amount that this block's transactions have paid above the floor, and
// sets the price of the next block. It runs after bank has credited the block's fees, and
// after governance. If the burn fails, EndBlock logs this, and the amount is burned with the
// next block.
func (k *Keeper) EndBlock(ctx context.Context) error {
	isolated.Try(ctx, k.logger(ctx), "burning fees", k.burn)
	return k.reprice(sdk.UnwrapSDKContext(ctx))
}

// burn burns the balance of the module's account in the fee denom.
func (k *Keeper) burn(ctx context.Context) error {
	denom, err := k.floor.FeeDenom(ctx)
	if err != nil {
		return err
	}
	held := sdk.NewCoins(k.bank.GetBalance(ctx, authtypes.NewModuleAddress(types.ModuleName), denom))
	if held.IsZero() {
		return nil
	}
	if err := k.bank.BurnCoins(ctx, types.ModuleName, held); err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventBurned{Amount: held})
}

// reprice computes the base fee of the next block and writes it.
func (k *Keeper) reprice(ctx sdk.Context) error {
	base, floor, err := k.Prices(ctx)
	if err != nil {
		return err
	}
	params, err := k.Params(ctx)
	if err != nil {
		return err
	}
	gas, err := k.gasPaid(ctx)
	if err != nil {
		return err
	}
	next := params.NextBaseFee(base, floor, gas, params.Budget(ctx.ConsensusParams().Block))
	if next.Equal(base) {
		return k.keep(ctx, base)
	}
	if err := k.baseFee.Set(ctx, next); err != nil {
		return err
	}
	return ctx.EventManager().EmitTypedEvent(&types.EventBaseFee{BaseFee: next, Gas: gas})
}

// keep writes an unchanged price only if it differs from the stored one, because the floor
// has risen above that.
func (k *Keeper) keep(ctx sdk.Context, base math.Int) error {
	stored, err := k.baseFee.Get(ctx)
	if err == nil && stored.Equal(base) {
		return nil
	}
	return k.baseFee.Set(ctx, base)
}

func (k *Keeper) logger(ctx context.Context) log.Logger {
	return sdk.UnwrapSDKContext(ctx).Logger().With("module", "x/"+types.ModuleName)
}
