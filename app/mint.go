package app

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	mintkeeper "github.com/cosmos/cosmos-sdk/x/mint/keeper"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"

	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// emit replaces the inflation of x/mint: x/rewards says how much is minted, and x/mint mints it and
// answers the queries that wallets know.
func (app *App) emit(ctx sdk.Context, keeper *mintkeeper.Keeper) error {
	return app.RewardsKeeper.Emit(ctx, stakersMint{keeper})
}

// stakersMint is x/mint for the emission to stakers.
type stakersMint struct{ *mintkeeper.Keeper }

// Mint mints a coin for the fee collector, which x/distribution empties after it in the same block.
func (m stakersMint) Mint(ctx context.Context, coin sdk.Coin) error {
	coins := sdk.NewCoins(coin)
	if err := m.MintCoins(ctx, coins); err != nil {
		return err
	}
	return m.AddCollectedFees(ctx, coins)
}

// Show writes the figures that x/mint's queries return. The parameters of x/mint have no effect,
// and those that contradict the schedule are overwritten.
func (m stakersMint) Show(ctx context.Context, figures rewardstypes.MintFigures) error {
	params, err := m.Params.Get(ctx)
	if err != nil {
		return err
	}
	params.MintDenom, params.MaxSupply = figures.Denom, figures.MaxSupply
	if err := m.Params.Set(ctx, params); err != nil {
		return err
	}
	return m.Minter.Set(ctx, minttypes.NewMinter(figures.Inflation, figures.AnnualProvisions))
}
