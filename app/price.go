package app

import (
	"context"

	sdkmath "cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/thetaedge/theta/app/params"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// PriceSource returns the prices of a unit of gas, in atfuel: the base fee, and the floor,
// which is the lowest price.
type PriceSource interface {
	Prices(ctx context.Context) (base, floor sdkmath.Int, err error)
}

// PriceSource returns the keeper that stores this chain's prices.
func (app *App) PriceSource() PriceSource { return app.FeemarketKeeper }

// txTerms are the terms under which a tx pays.
type txTerms struct {
	// price of a unit of gas, in atfuel.
	price sdkmath.Int
	// burned is the part of the fee that is burned, in atfuel.
	burned sdkmath.Int
	// lane reports whether the tx goes through the lane. In the mempool, found describes the
	// tx in the lane, and base is the price that it would pay outside of it.
	lane  bool
	found laneTx
	base  sdkmath.Int
}

// fee returns the smallest fee for a gas limit, in atfuel.
func (t txTerms) fee(gas uint64) sdkmath.Int { return t.price.Mul(uintToInt(gas)) }

func uintToInt(gas uint64) sdkmath.Int { return sdkmath.NewIntFromUint64(gas) }

// termsKey is the key under which a context holds its tx's terms.
type termsKey struct{}

// termsOf returns the terms of the current tx, or those of an ordinary tx if none were set.
func termsOf(ctx sdk.Context, source PriceSource) (txTerms, error) {
	if terms, ok := ctx.Value(termsKey{}).(txTerms); ok {
		return terms, nil
	}
	base, _, err := source.Prices(ctx)
	return txTerms{price: base, burned: sdkmath.ZeroInt()}, err
}

// burnedOf returns the part of a fee that is burned.
func burnedOf(ctx sdk.Context, fee sdk.Coins) sdk.Coins {
	terms, ok := ctx.Value(termsKey{}).(txTerms)
	if !ok {
		return nil
	}
	return sdk.NewCoins(sdk.NewCoin(params.BaseDenom, sdkmath.MinInt(terms.burned, fee.AmountOf(params.BaseDenom))))
}

// priceDecorator sets the terms of a tx. It refuses a tx that asks for more gas than a tx may
// have, or for which the mempool does not have room. Its reads do not cost the tx gas.
type priceDecorator struct{ app *App }

// AnteHandle sets the terms for the decorators after it.
func (d priceDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return ctx, sdkerrors.ErrTxDecode.Wrapf("expected a tx with a fee, found %T", tx)
	}
	if ctx.BlockHeight() == 0 {
		return next(ctx, tx, simulate)
	}
	free := ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	budget, err := d.app.FeemarketKeeper.Budget(free)
	if err != nil {
		return ctx, err
	}
	if budget.Limited && !simulate && feeTx.GetGas() > budget.Tx {
		return ctx, feemarkettypes.ErrTooMuchGas.Wrapf("expected at most %d, found %d; send less in one transaction",
			budget.Tx, feeTx.GetGas())
	}
	terms, err := d.terms(free, feeTx, simulate)
	if err != nil {
		return ctx, err
	}
	ctx = ctx.WithValue(termsKey{}, terms)
	if isNew(ctx, simulate) {
		entry, err := waiting(ctx, tx)
		if err != nil {
			return ctx, err
		}
		if err := d.app.pool.Admits(entry); err != nil {
			return ctx, sdkerrors.ErrMempoolIsFull.Wrap(err.Error())
		}
	}
	return next(ctx, tx, simulate)
}

// terms returns the terms of a tx. A block determines before it runs which of its txs go
// through the lane; the mempool inspects each tx against the state for the next block.
func (d priceDecorator) terms(ctx sdk.Context, tx sdk.FeeTx, simulate bool) (txTerms, error) {
	market := d.app.FeemarketKeeper
	base, floor, err := market.Prices(ctx)
	if err != nil {
		return txTerms{}, err
	}
	terms := txTerms{price: base, base: base, burned: feemarkettypes.Burned(base, floor, tx.GetGas())}
	switch {
	case simulate:
		return terms, nil
	case ctx.IsCheckTx():
		if terms.found, err = d.app.inspect(ctx.WithBlockHeight(ctx.BlockHeight()+1), tx); err != nil {
			return txTerms{}, err
		}
		terms.lane = terms.found.kind != notInLane
	default:
		if terms.lane, err = market.InLane(ctx, ctx.TxIndex()); err != nil {
			return txTerms{}, err
		}
	}
	if terms.lane {
		terms.price, terms.burned = floor, sdkmath.ZeroInt()
	}
	return terms, nil
}

// paidDecorator notes in x/feemarket which txs of a block have passed their checks. For a tx
// of the lane, it notes only that; for others, it notes the gas limit. It runs last, so that
// its writes are dropped if the tx is refused. It does not cost the tx gas.
type paidDecorator struct{ app *App }

// AnteHandle notes a tx of the lane, or the gas limit of a tx outside of it.
func (d paidDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	terms, ok := ctx.Value(termsKey{}).(txTerms)
	feeTx, isFee := tx.(sdk.FeeTx)
	if !ok || !isFee || simulate || ctx.IsCheckTx() {
		return next(ctx, tx, simulate)
	}
	free := ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	var err error
	if terms.lane {
		err = d.app.FeemarketKeeper.Hold(free, ctx.TxIndex())
	} else {
		err = d.app.FeemarketKeeper.Paid(free, ctx.TxIndex(), feeTx.GetGas())
	}
	if err != nil {
		return ctx, err
	}
	return next(ctx, tx, simulate)
}
