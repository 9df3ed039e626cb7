package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/tally/types"
)

// sweep removes what is kept for a voting that has ended, up to a number of records, and returns
// that number. If nothing is voted on, increases of bonds go too: what they say concerns only
// votings that are open.
func (k *Keeper) sweep(ctx context.Context, id uint64, idle bool, room int) (int, error) {
	steps := []func(context.Context, uint64, int) (int, error){k.sweepBallots, k.sweepShares}
	if idle {
		steps = append(steps, k.sweepIncreases)
	}
	removed := 0
	for _, step := range steps {
		n, err := step(ctx, id, room-removed)
		if err != nil {
			return 0, err
		}
		if removed += n; removed == room {
			return removed, nil // the next block looks whether something is left
		}
	}
	if err := k.bonds.Remove(ctx, id); err != nil {
		return 0, err
	}
	if err := k.ended.Remove(ctx, id); err != nil {
		return 0, err
	}
	return removed + 1, k.votings.Remove(ctx, id)
}

// sweepBallots removes ballots and their votes in x/gov.
func (k *Keeper) sweepBallots(ctx context.Context, id uint64, room int) (int, error) {
	var keys []ballotKey
	err := k.ballots.Walk(ctx, collections.NewPrefixedPairRange[uint64, sdk.AccAddress](id), take[ballotKey, types.Ballot](&keys, room))
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if err := k.ballots.Remove(ctx, key); err != nil {
			return 0, err
		}
		if err := k.gov.RemoveVote(ctx, id, key.K2()); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

func (k *Keeper) sweepShares(ctx context.Context, id uint64, room int) (int, error) {
	var keys []sharesKey
	err := k.shares.Walk(ctx, collections.NewPrefixedPairRange[uint64, sdk.ValAddress](id), take[sharesKey, types.Sums](&keys, room))
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if err := k.shares.Remove(ctx, key); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

func (k *Keeper) sweepIncreases(ctx context.Context, _ uint64, room int) (int, error) {
	var keys []sdk.AccAddress
	if err := k.increases.Walk(ctx, nil, take[sdk.AccAddress, types.Increases](&keys, room)); err != nil {
		return 0, err
	}
	for _, key := range keys {
		if err := k.increases.Remove(ctx, key); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

// take returns a visitor that collects keys, and ends the walk when it has limit of them.
func take[K, V any](keys *[]K, limit int) func(K, V) (bool, error) {
	return func(key K, _ V) (bool, error) {
		*keys = append(*keys, key)
		return len(*keys) >= limit, nil
	}
}
