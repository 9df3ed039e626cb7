package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

// InitGenesis writes a validated state. It omits pins of heights that this chain has not
// reached yet, because another chain counted them.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	schedules := g.Schedules
	if len(schedules) == 0 {
		schedules = []types.Schedule{g.Params.Schedule(1, 0)}
	}
	for _, s := range schedules {
		if err := k.openSchedule(ctx, s); err != nil {
			return err
		}
	}
	start := max(sdk.UnwrapSDKContext(ctx).BlockHeight(), 1)
	for _, p := range g.Pins {
		if p.Height >= start {
			break
		}
		if err := k.pins.Set(ctx, p.Height, types.Pin{Schedule: p.Schedule, Round: p.Round}); err != nil {
			return err
		}
	}
	for _, r := range g.Rounds {
		if err := k.proofs.Set(ctx, collections.Join(r.Schedule, r.Round), types.Proof{Signature: r.Signature, Height: r.Height}); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis returns the module's whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: params}
	err = k.schedules.Walk(ctx, nil, func(_ uint32, s types.Schedule) (bool, error) {
		g.Schedules = append(g.Schedules, s)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.pins.Walk(ctx, nil, func(height int64, p types.Pin) (bool, error) {
		g.Pins = append(g.Pins, types.HeightPin{Height: height, Schedule: p.Schedule, Round: p.Round})
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.proofs.Walk(ctx, nil, func(key collections.Pair[uint32, uint64], p types.Proof) (bool, error) {
		g.Rounds = append(g.Rounds, types.NewRound(key.K1(), key.K2(), p))
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}
