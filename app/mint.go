package app

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/mint"
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

// mintModule is x/mint without a proposal that sets its parameters, because they have no effect.
type mintModule struct {
	mint.AppModule

	keeper mintkeeper.Keeper
}

// RegisterServices registers the queries, and a message server that refuses.
func (m mintModule) RegisterServices(cfg module.Configurator) {
	minttypes.RegisterMsgServer(cfg.MsgServer(), noMintParams{})
	minttypes.RegisterQueryServer(cfg.QueryServer(), mintkeeper.NewQueryServerImpl(m.keeper))
}

type noMintParams struct{}

// UpdateParams returns an error that names what has an effect.
func (noMintParams) UpdateParams(context.Context, *minttypes.MsgUpdateParams) (*minttypes.MsgUpdateParamsResponse, error) {
	return nil, sdkerrors.ErrNotSupported.Wrap(
		"the parameters of x/mint have no effect on this chain; propose theta.rewards.v1.MsgUpdateParams, whose emission says what is minted")
}
