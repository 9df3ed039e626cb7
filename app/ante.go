package app

import (
	"context"
	"math"

	ibcante "github.com/cosmos/ibc-go/v11/modules/core/ante"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/x/auth/ante"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"

	"github.com/thetaedge/theta/app/params"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// newAnteHandler returns the checks that every tx passes before its messages run. They are
// the SDK's checks, with the price of block space before the fee is taken. Signatures are
// verified before that, so that a tx only has its duties inspected if its worker has signed
// it.
func newAnteHandler(app *App) sdk.AnteHandler {
	accounts := app.AccountKeeper
	return sdk.ChainAnteDecorators(
		ante.NewSetUpContextDecorator(),
		ante.NewExtensionOptionsDecorator(nil),
		ante.NewValidateBasicDecorator(),
		ante.NewTxTimeoutHeightDecorator(),
		ante.NewValidateMemoDecorator(accounts),
		ante.NewConsumeGasForTxSizeDecorator(accounts),
		crowdDecorator{app: app},
		ante.NewSetPubKeyDecorator(accounts),
		ante.NewValidateSigCountDecorator(accounts),
		ante.NewSigGasConsumeDecorator(accounts, ante.DefaultSigVerificationGasConsumer),
		ante.NewSigVerificationDecorator(fastKeys{accounts}, app.encoding.TxConfig.SignModeHandler()),
		priceDecorator{app: app},
		ante.NewDeductFeeDecorator(accounts, feeBank{app.BankKeeper.BaseKeeper}, app.FeeGrantKeeper, NewTxFeeChecker(app.PriceSource())),
		ante.NewIncrementSequenceDecorator(accounts),
		paidDecorator{app: app},
		againDecorator{app: app},
		ibcante.NewRedundantRelayDecorator(app.IBCKeeper),
	)
}

// NewTxFeeChecker returns a checker that applies in every mode: in the mempool, in a proposal
// and in a block, so that a proposer cannot include what other nodes must refuse. A node may
// require a higher price in its own mempool (minimum-gas-prices in app.toml), except for
// transactions of the lane. Fees are in atfuel only. The priority is the price per unit of
// gas.
func NewTxFeeChecker(source PriceSource) ante.TxFeeChecker {
	return func(ctx sdk.Context, tx sdk.Tx) (sdk.Coins, int64, error) {
		feeTx, ok := tx.(sdk.FeeTx)
		if !ok {
			return nil, 0, sdkerrors.ErrTxDecode.Wrapf("expected a tx with a fee, found %T", tx)
		}
		fee, gas := feeTx.GetFee(), uintToInt(feeTx.GetGas())
		for _, coin := range fee {
			if coin.Denom != params.BaseDenom {
				return nil, 0, sdkerrors.ErrInsufficientFee.Wrapf(
					"fees are paid in %s, found %s", params.BaseDenom, coin)
			}
		}
		// The transactions of a genesis file create the first validators. They do not pay,
		// because no account has earned anything yet.
		if ctx.BlockHeight() == 0 {
			return fee, 0, nil
		}

		terms, err := termsOf(ctx, source)
		if err != nil {
			return nil, 0, err
		}
		price := terms.price
		if ctx.IsCheckTx() && !terms.lane {
			price = sdkmath.MaxInt(price, ownMinGasPrice(ctx))
		}
		paid, required := fee.AmountOf(params.BaseDenom), price.Mul(gas)
		if paid.LT(required) {
			return nil, 0, sdkerrors.ErrInsufficientFee.Wrapf(
				"a gas limit of %s costs at least %s%s at %s%s per gas, found a fee of %s%s; "+
					"ask for the price with: thetad query feemarket base-fee",
				gas, required, params.BaseDenom, price, params.BaseDenom, paid, params.BaseDenom)
		}
		return fee, priority(paid, gas), nil
	}
}

// ownMinGasPrice returns the price that this node requires in its mempool, in whole atfuel
// per unit of gas, rounded up. It is zero if the node does not require one.
func ownMinGasPrice(ctx sdk.Context) sdkmath.Int {
	return ctx.MinGasPrices().AmountOf(params.BaseDenom).Ceil().TruncateInt()
}

// priority returns the gas price in atfuel, capped to the largest value that the mempool can
// sort.
func priority(paid, gas sdkmath.Int) int64 {
	if !gas.IsPositive() {
		return 0
	}
	price := paid.Quo(gas)
	if !price.IsInt64() {
		return math.MaxInt64
	}
	return price.Int64()
}

// feeBank takes fees by virtual transfer: the txs of a block then never write the same
// balance, and bank credits their sum once at the end of the block.
type feeBank struct{ bankkeeper.BaseKeeper }

// SendCoinsFromAccountToModule moves a fee. The part that is to be burned goes to
// x/feemarket, and the rest to module. At genesis the coins move at once, because no EndBlock
// would credit a virtual transfer.
func (b feeBank) SendCoinsFromAccountToModule(
	ctx context.Context, sender sdk.AccAddress, module string, amount sdk.Coins,
) error {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	if sdkCtx.BlockHeight() == 0 {
		return b.BaseKeeper.SendCoinsFromAccountToModule(ctx, sender, module, amount)
	}
	burned := burnedOf(sdkCtx, amount)
	if !burned.IsZero() {
		if err := b.SendCoinsFromAccountToModuleVirtual(ctx, sender, feemarkettypes.ModuleName, burned); err != nil {
			return err
		}
		amount = amount.Sub(burned...)
	}
	if amount.IsZero() {
		return nil
	}
	return b.SendCoinsFromAccountToModuleVirtual(ctx, sender, module, amount)
}

var _ authtypes.BankKeeper = feeBank{}
