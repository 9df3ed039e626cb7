package keeper

import (
	"context"

	"cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

// UpdateParams replaces the parameters. Parameters of another drand network open a new
// schedule. Known rounds stay as they are, and rounds of the old network are refused from now
// on. Heights that still wait for such a round wait for the round of the current height
// instead, which no party knows yet.
func (k *Keeper) UpdateParams(ctx context.Context, params types.Params) error {
	if err := params.Validate(); err != nil {
		return err
	}
	current, err := k.currentSchedule(ctx)
	if err != nil {
		return err
	}
	if err := k.params.Set(ctx, params); err != nil {
		return err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	next := params.Schedule(current.Id+1, sdkCtx.BlockHeight())
	if next.SameNetwork(current) {
		return nil
	}
	if err := k.openSchedule(ctx, next); err != nil {
		return err
	}
	return sdkCtx.EventManager().EmitTypedEvent(types.NewEventScheduleOpened(next))
}

func (k *Keeper) openSchedule(ctx context.Context, s types.Schedule) error {
	if err := k.schedules.Set(ctx, s.Id, s); err != nil {
		return err
	}
	return k.current.Set(ctx, s.Id)
}

func (k *Keeper) currentSchedule(ctx context.Context) (types.Schedule, error) {
	id, err := k.current.Get(ctx)
	if err != nil {
		return types.Schedule{}, errors.Wrap(err, "current schedule")
	}
	return k.schedules.Get(ctx, id)
}
