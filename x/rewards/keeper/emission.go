package keeper

import (
	"context"
	"errors"
	"time"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/internal/isolated"
	"github.com/thetaedge/theta/x/rewards/types"
)

// maxEpochsARoll bounds the epochs that one roll counts. The next roll counts the rest.
const maxEpochsARoll = 100

// emissionState returns what the schedule has reached. A state that has not been written yet
// starts at the yearly amount of the parameters.
func (k *Keeper) emissionState(ctx context.Context) (types.EmissionState, error) {
	state, err := k.emission.Get(ctx)
	if !errors.Is(err, collections.ErrNotFound) {
		return state, err
	}
	params, err := k.params.Get(ctx)
	return types.EmissionState{Yearly: params.Emission.Yearly, Due: math.ZeroInt(), Stale: true}, err
}

// changeEmission applies new parameters. Another yearly amount starts a new schedule, and epochs
// of another identifier are counted from the next one on.
func (k *Keeper) changeEmission(ctx context.Context, before, after types.Params) error {
	state, err := k.emissionState(ctx)
	if err != nil {
		return err
	}
	if !before.Emission.Yearly.Equal(after.Emission.Yearly) {
		state.Yearly = after.Emission.Yearly
	}
	if before.EpochIdentifier != after.EpochIdentifier {
		state.Anchored = false
	}
	state.Stale = true
	return k.emission.Set(ctx, state)
}

// countEmission adds what the epochs until ended mint to what is due. Epochs that an earlier roll
// has missed are counted too, at most maxEpochsARoll at once. If x/epochs counts from the beginning
// again, only later epochs count.
func (k *Keeper) countEmission(ctx context.Context, params types.Params, ended int64, duration time.Duration) error {
	state, err := k.emissionState(ctx)
	if err != nil {
		return err
	}
	if !state.Anchored || ended < state.LastEpoch {
		state.Anchored, state.LastEpoch = true, ended
		return k.emission.Set(ctx, state)
	}
	for range min(ended-state.LastEpoch, maxEpochsARoll) {
		state.Due = state.Due.Add(types.PerEpoch(state.Yearly, duration))
		state.Yearly = params.Emission.Decayed(state.Yearly)
		state.LastEpoch++
		state.Stale = true
	}
	return k.emission.Set(ctx, state)
}

// Emit mints what is due to stakers, and shows the figures that are in force as those of x/mint.
// It runs in each block before x/distribution and reads one record in most of them. A failure is
// logged, and the next block tries again.
func (k *Keeper) Emit(ctx context.Context, minter types.Minter) error {
	state, err := k.emissionState(ctx)
	if err != nil {
		return err
	}
	if state.Due.IsZero() && !state.Stale {
		return nil
	}
	isolated.Try(ctx, k.logger(ctx), "emission", func(ctx context.Context) error { return k.emitDue(ctx, minter, state) })
	return nil
}

// emitDue mints what is due up to the highest supply. The rest is never minted, and nothing is if
// no account has staked.
func (k *Keeper) emitDue(ctx context.Context, minter types.Minter, state types.EmissionState) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	staked, err := k.others.Staking.TotalValidatorPower(ctx)
	if err != nil {
		return err
	}
	denom, room := k.others.Supply.denom, params.Emission.Room(k.supply(ctx))
	if !staked.IsPositive() {
		room = math.ZeroInt()
	}
	due := state.Due
	minted := math.MinInt(due, room)
	if minted.IsPositive() {
		if err := minter.Mint(ctx, sdk.NewCoin(denom, minted)); err != nil {
			return err
		}
	}
	state.Due, state.Stale = math.ZeroInt(), false
	if err := k.emission.Set(ctx, state); err != nil {
		return err
	}
	if err := k.show(ctx, minter, params, math.MinInt(state.Yearly, room.Sub(minted))); err != nil {
		return err
	}
	if due.IsZero() {
		return nil
	}
	return emit(ctx, types.NewEventEmitted(sdk.NewCoin(denom, minted), sdk.NewCoin(denom, due.Sub(minted))))
}

// show publishes what the next year mints at most at today's rate.
func (k *Keeper) show(ctx context.Context, minter types.Minter, params types.Params, yearly math.Int) error {
	provisions, inflation := math.LegacyNewDecFromInt(yearly), math.LegacyZeroDec()
	if supply := k.supply(ctx); supply.IsPositive() {
		inflation = provisions.QuoInt(supply)
	}
	return minter.Show(ctx, types.MintFigures{
		Denom: k.others.Supply.denom, MaxSupply: params.Emission.MaxSupply,
		AnnualProvisions: provisions, Inflation: inflation,
	})
}

// emissionInForce returns what the current epoch will have minted when it ends.
func (k *Keeper) emissionInForce(ctx context.Context) (*types.QueryEmissionResponse, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	state, err := k.emissionState(ctx)
	if err != nil {
		return nil, err
	}
	epoch, err := k.others.Epochs.GetEpochInfo(sdk.UnwrapSDKContext(ctx), params.EpochIdentifier)
	if err != nil {
		return nil, err
	}
	return &types.QueryEmissionResponse{
		Yearly: state.Yearly, PerEpoch: types.PerEpoch(state.Yearly, epoch.Duration),
		Room: params.Emission.Room(k.supply(ctx)), LastEpoch: state.LastEpoch,
	}, nil
}
