package keeper

import (
	"context"
	stderrors "errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/errors"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

// Wanted reports whether a submission would be verified at the height and time of ctx, and
// returns the lowest height that is pinned to its round. The round must not be known yet, and
// Wanted verifies its signature. Wanted does not write anything. A round for which no height
// waits is not wanted, although x/beacon accepts it. Errors come from the store.
func (k *Keeper) Wanted(ctx sdk.Context, msg *types.MsgSubmitRound) (height int64, wanted bool, err error) {
	submitter, err := k.addresses.StringToBytes(msg.Submitter)
	if err != nil {
		return 0, false, nil //nolint:nilerr // an address out of form wants nothing
	}
	schedule, err := k.currentSchedule(ctx)
	if err != nil {
		return 0, false, err
	}
	height, found, err := k.pinnedTo(ctx, types.Pin{Schedule: schedule.Id, Round: msg.Round})
	if err != nil || !found {
		return 0, false, err
	}
	cached, _ := ctx.CacheContext()
	cached = cached.WithGasMeter(storetypes.NewInfiniteGasMeter()).WithEventManager(sdk.NewEventManager())
	_, _, err = k.SubmitRound(cached, submitter, msg.Round, msg.Signature)
	if refusal := new(errors.Error); stderrors.As(err, &refusal) {
		return 0, false, nil
	}
	return height, err == nil, err
}

// pinnedTo returns the lowest height that is pinned to a round. Rounds never decrease from
// one height to the next, so it searches by bisection.
func (k *Keeper) pinnedTo(ctx context.Context, wanted types.Pin) (int64, bool, error) {
	low, _, found, err := k.lowestPin(ctx)
	if err != nil || !found {
		return 0, false, err
	}
	high := sdk.UnwrapSDKContext(ctx).BlockHeight()
	for low < high {
		middle := low + (high-low)/2
		_, pin, found, err := k.pinFrom(ctx, middle)
		if err != nil {
			return 0, false, err
		}
		if found && before(collections.Join(pin.Schedule, pin.Round), wanted) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	height, pin, found, err := k.pinFrom(ctx, low)
	return height, found && pin == wanted, err
}

// pinFrom returns the first pin at or above a height.
func (k *Keeper) pinFrom(ctx context.Context, from int64) (height int64, pin types.Pin, found bool, err error) {
	err = k.pins.Walk(ctx, new(collections.Range[int64]).StartInclusive(from), func(h int64, p types.Pin) (bool, error) {
		height, pin, found = h, p, true
		return true, nil
	})
	return height, pin, found, err
}
