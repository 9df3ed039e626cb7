package app

import sdk "github.com/cosmos/cosmos-sdk/types"

// atGenesis passes the transactions of a genesis file to the ante handler at height 0, at
// whatever initial_height the chain starts: they are signed before there are account numbers,
// and no account has earned anything yet. Their messages run at the real height.
func (app *App) atGenesis(next sdk.AnteHandler) sdk.AnteHandler {
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		if !app.initializing {
			return next(ctx, tx, simulate)
		}
		height := ctx.BlockHeight()
		ctx, err := next(ctx.WithBlockHeight(0), tx, simulate)
		return ctx.WithBlockHeight(height), err
	}
}
