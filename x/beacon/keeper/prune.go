package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

// Prune removes the oldest heights and rounds that are past retention, at most prune_limit of
// each. A height is past retention if its round is too old by block time and enough blocks
// have passed. A round is past retention if it is too old by block time and before the round
// of every pinned height.
func (k *Keeper) Prune(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	schedule, err := k.currentSchedule(ctx)
	if err != nil {
		return err
	}
	now := sdk.UnwrapSDKContext(ctx).BlockTime().Unix()
	h := horizon{
		keeper:   k,
		limit:    int(params.PruneLimit),
		schedule: schedule,
		unix:     now - int64(params.RetentionRounds*params.PeriodSeconds),                //nolint:gosec // both are bounded
		height:   sdk.UnwrapSDKContext(ctx).BlockHeight() - int64(params.RetentionBlocks), //nolint:gosec // bounded
	}
	if err := h.prunePins(ctx); err != nil {
		return err
	}
	return h.pruneProofs(ctx)
}

// horizon is the limit up to which heights and rounds are kept.
type horizon struct {
	keeper   *Keeper
	limit    int
	schedule types.Schedule // the schedule that was looked up last
	unix     int64          // earlier rounds are too old; in Unix seconds
	height   int64          // pins from this height on are kept
}

func (h *horizon) prunePins(ctx context.Context) error {
	var old []int64
	err := h.keeper.pins.Walk(ctx, nil, func(height int64, pin types.Pin) (bool, error) {
		if height >= h.height || len(old) == h.limit {
			return true, nil
		}
		gone, err := h.passed(ctx, pin.Schedule, pin.Round)
		if err != nil || !gone {
			return true, err
		}
		old = append(old, height)
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, height := range old {
		if err := h.keeper.pins.Remove(ctx, height); err != nil {
			return err
		}
	}
	return nil
}

func (h *horizon) pruneProofs(ctx context.Context) error {
	_, pin, pinned, err := h.keeper.lowestPin(ctx)
	if err != nil {
		return err
	}
	var old []collections.Pair[uint32, uint64]
	err = h.keeper.proofs.Walk(ctx, nil, func(key collections.Pair[uint32, uint64], _ types.Proof) (bool, error) {
		if len(old) == h.limit || (pinned && !before(key, pin)) {
			return true, nil
		}
		gone, err := h.passed(ctx, key.K1(), key.K2())
		if err != nil || !gone {
			return true, err
		}
		old = append(old, key)
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, key := range old {
		if err := h.keeper.proofs.Remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// passed reports whether a round is too old by block time.
func (h *horizon) passed(ctx context.Context, schedule uint32, round uint64) (bool, error) {
	if h.schedule.Id != schedule {
		s, err := h.keeper.schedules.Get(ctx, schedule)
		if err != nil {
			return false, err
		}
		h.schedule = s
	}
	return h.schedule.TimeOf(round) < h.unix, nil
}

func before(key collections.Pair[uint32, uint64], pin types.Pin) bool {
	return key.K1() < pin.Schedule || (key.K1() == pin.Schedule && key.K2() < pin.Round)
}
