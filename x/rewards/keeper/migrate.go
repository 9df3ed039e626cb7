package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// Migrate1to2 gives a chain from before emission and grants its default parameters, and starts the ledger of
// the supply and the summaries with the present.
func (k *Keeper) Migrate1to2(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	defaults := types.DefaultParams()
	params.Emission = defaults.Emission
	params.EpochIdentifier = defaults.EpochIdentifier
	params.HistoryEpochs = defaults.HistoryEpochs
	params.GrantHoldEpochs = defaults.GrantHoldEpochs
	params.MaxGrantEpochs = defaults.MaxGrantEpochs
	params.MaxGrantBudget = defaults.MaxGrantBudget
	if err := k.params.Set(ctx, params); err != nil {
		return err
	}
	if err := k.others.Supply.open(ctx, k.supply(ctx), types.SupplyFlows{}); err != nil {
		return err
	}
	return k.open.Set(ctx, types.OpenEpoch{StartHeight: sdk.UnwrapSDKContext(ctx).BlockHeight()})
}
