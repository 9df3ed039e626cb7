package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// carbonOf returns the carbon factor of a region, or of its country, and whether there is one.
func (k *Keeper) carbonOf(ctx context.Context, region string) (types.CarbonFactor, bool, error) {
	for _, name := range []string{region, types.Country(region)} {
		factor, err := k.carbon.Get(ctx, name)
		if !errors.Is(err, collections.ErrNotFound) {
			return factor, err == nil, err
		}
	}
	return types.CarbonFactor{}, false, nil
}

// carbonFactors returns the table, ordered by region.
func (k *Keeper) carbonFactors(ctx context.Context) ([]types.CarbonFactor, error) {
	var factors []types.CarbonFactor
	err := k.carbon.Walk(ctx, nil, func(_ string, f types.CarbonFactor) (bool, error) {
		factors = append(factors, f)
		return false, nil
	})
	return factors, err
}

// setCarbonFactors replaces the table. Sums of regions that have lost their own factor stay.
func (k *Keeper) setCarbonFactors(ctx context.Context, authority string, factors []types.CarbonFactor) error {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), k.authority, authority); err != nil {
		return err
	}
	if err := types.ValidateCarbonFactors(factors); err != nil {
		return err
	}
	return k.writeCarbonFactors(ctx, factors)
}

func (k *Keeper) writeCarbonFactors(ctx context.Context, factors []types.CarbonFactor) error {
	if err := k.carbon.Clear(ctx, nil); err != nil {
		return err
	}
	for _, factor := range factors {
		if err := k.carbon.Set(ctx, factor.Region, factor); err != nil {
			return err
		}
	}
	return nil
}
