package app

import (
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/spf13/cast"

	sdkmath "cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/app/pool"
)

// setMempool gives the app its pool of waiting transactions. If mempool.max-txs of app.toml
// is above 0, it bounds their number outside of the lane.
func (app *App) setMempool(appOpts servertypes.AppOptions) {
	limits := pool.DefaultLimits()
	if most := cast.ToInt(appOpts.Get(server.FlagMempoolMaxTxs)); most > 0 {
		limits.Txs = most
	}
	app.pool = pool.New(limits, waiting)
	app.SetMempool(app.pool)
	app.SetCheckTxHandler(app.checkTx)
}

// checkTx is the SDK's check, except for a tx that has waited and that the pool has dropped
// in the meantime. CometBFT keeps its own list, and removes from it the txs that fail here.
func (app *App) checkTx(run sdk.RunTx, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	if req.Type == abci.CheckTxType_Recheck && !app.pool.Has(req.Tx, app.LastBlockHeight()) {
		err := sdkerrors.ErrMempoolIsFull.Wrap("others pay more; send it again at a higher price")
		return sdkerrors.ResponseCheckTxWithEvents(err, 0, 0, nil, false), nil
	}
	gas, result, events, err := run(req.Tx, nil)
	if err != nil {
		return sdkerrors.ResponseCheckTxWithEvents(err, gas.GasWanted, gas.GasUsed, events, false), nil
	}
	return &abci.ResponseCheckTx{
		GasWanted: int64(gas.GasWanted), //nolint:gosec // at most a part of a block's
		GasUsed:   int64(gas.GasUsed),   //nolint:gosec // the same
		Log:       result.Log,
		Data:      result.Data,
		Events:    sdk.MarkEventsToIndex(result.Events, nil),
	}, nil
}

// waiting describes a tx whose terms are known.
func waiting(ctx sdk.Context, tx sdk.Tx) (*pool.Entry, error) {
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return nil, sdkerrors.ErrTxDecode.Wrapf("expected a tx with a fee, found %T", tx)
	}
	signers, err := signersOf(tx)
	if err != nil {
		return nil, err
	}
	return &pool.Entry{
		Tx: tx, Raw: ctx.TxBytes(), Signers: signers, Gas: feeTx.GetGas(), Price: gasPrice(feeTx), Terms: poolTerms(ctx, feeTx),
	}, nil
}

// poolTerms returns the terms of a tx in the state of ctx.
func poolTerms(ctx sdk.Context, tx sdk.FeeTx) pool.Terms {
	terms, known := ctx.Value(termsKey{}).(txTerms)
	if !known || !terms.lane {
		return pool.Terms{Pays: true, Height: ctx.BlockHeight()}
	}
	others := sdkmath.MaxInt(terms.base, ownMinGasPrice(ctx))
	return pool.Terms{
		Lane: true, Kind: int(terms.found.kind), Keys: terms.found.keys, Deadline: terms.found.deadline,
		Pays: pays(tx, txTerms{price: others}), Height: ctx.BlockHeight(),
	}
}

// gasPrice returns the price that a tx pays per unit of gas, in atfuel.
func gasPrice(tx sdk.FeeTx) int64 {
	return priority(tx.GetFee().AmountOf(params.BaseDenom), uintToInt(tx.GetGas()))
}

// signersOf returns the signers of a tx, each with its sequence. A tx may omit its public
// keys, so the addresses come from its messages.
func signersOf(tx sdk.Tx) ([]pool.Signer, error) {
	signed, ok := tx.(signing.SigVerifiableTx)
	if !ok {
		return nil, sdkerrors.ErrTxDecode.Wrapf("expected a signed tx, found %T", tx)
	}
	addresses, err := signed.GetSigners()
	if err != nil {
		return nil, err
	}
	signatures, err := signed.GetSignaturesV2()
	if err != nil {
		return nil, err
	}
	if len(addresses) == 0 || len(addresses) != len(signatures) {
		return nil, sdkerrors.ErrUnauthorized.Wrapf("expected a signature of each of %d signers, found %d", len(addresses), len(signatures))
	}
	signers := make([]pool.Signer, len(addresses))
	for i, address := range addresses {
		signers[i] = pool.Signer{Address: string(address), Sequence: signatures[i].Sequence}
	}
	return signers, nil
}

// crowdDecorator refuses a tx of a sender that has too many in the pool, before its signature
// is verified.
type crowdDecorator struct{ app *App }

// AnteHandle only checks new transactions.
func (d crowdDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if !isNew(ctx, simulate) {
		return next(ctx, tx, simulate)
	}
	signers, err := signersOf(tx)
	if err != nil {
		return ctx, err
	}
	if err := d.app.pool.Crowded(signers[0]); err != nil {
		return ctx, sdkerrors.ErrMempoolIsFull.Wrap(err.Error())
	}
	return next(ctx, tx, simulate)
}

// againDecorator updates the pool's terms of a waiting tx: another block may have made it
// due, or may have contained its duties. It runs last, so that a failing tx does not change
// the pool.
type againDecorator struct{ app *App }

// AnteHandle only handles transactions that are checked again.
func (d againDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if feeTx, ok := tx.(sdk.FeeTx); ok && ctx.IsReCheckTx() {
		if err := d.app.pool.Refresh(ctx.TxBytes(), poolTerms(ctx, feeTx)); err != nil {
			return ctx, sdkerrors.ErrMempoolIsFull.Wrap(err.Error())
		}
	}
	return next(ctx, tx, simulate)
}

// isNew reports whether a tx has just come to the mempool.
func isNew(ctx sdk.Context, simulate bool) bool {
	return ctx.IsCheckTx() && !ctx.IsReCheckTx() && !simulate && ctx.BlockHeight() > 0
}
