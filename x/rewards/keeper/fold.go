package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/internal/isolated"
	"github.com/thetaedge/theta/x/rewards/types"
)

// EndBlock mints what grants pay in this block, folds the block's shares into the pending ones and, every fold_blocks blocks,
// moves those out of escrow. It runs after x/compute. A failure is logged and does not halt
// the chain; shares that could not be moved stay pending until the next move, and pay that could
// not be minted is kept until then.
func (k *Keeper) EndBlock(ctx context.Context) error {
	if err := isolated.Run(ctx, k.foldNotes); err != nil {
		k.logger(ctx).Error("expected to fold the block's shares", "err", err)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	moves := uint64(sdk.UnwrapSDKContext(ctx).BlockHeight())%params.FoldBlocks == 0 //nolint:gosec // heights are positive
	if moves {
		k.retryUnminted(ctx)
	}
	k.foldGrants(ctx)
	if !moves {
		return nil
	}
	if err := isolated.Run(ctx, k.movePending); err != nil {
		k.logger(ctx).Error("expected to move pending shares out of escrow, will try later", "err", err)
	}
	return nil
}

// foldNotes combines the block's notes into two writes, and one for each operator. It removes the notes, so that no note
// counts twice before the transient store is reset.
func (k *Keeper) foldNotes(ctx context.Context) error {
	noted, entries, err := k.noted(ctx)
	if err != nil || len(entries) == 0 {
		return err
	}
	pending, err := k.pendingFees(ctx)
	if err != nil {
		return err
	}
	if err := k.storePending(ctx, pending.Add(noted.Shares)); err != nil {
		return err
	}
	work, err := k.paidWork(ctx)
	if err != nil {
		return err
	}
	if err := k.storeWork(ctx, work.Add(noted.Work)); err != nil {
		return err
	}
	for i := range entries {
		if err := k.notes.Remove(ctx, entries[i].key); err != nil {
			return err
		}
	}
	return k.foldEarned(ctx, entries)
}

// noteEntry is a note with its key.
type noteEntry struct {
	key  accountKey
	note types.SettlementNote
}

// noted returns the sum of this block's notes and the notes, ordered by operator.
func (k *Keeper) noted(ctx context.Context) (types.SettlementNote, []noteEntry, error) {
	var (
		sum     types.SettlementNote
		entries []noteEntry
	)
	err := k.notes.Walk(ctx, nil, func(key accountKey, note types.SettlementNote) (bool, error) {
		sum = sum.Add(note)
		entries = append(entries, noteEntry{key: key, note: note})
		return false, nil
	})
	return sum, entries, err
}

func (k *Keeper) pendingFees(ctx context.Context) (types.PendingFees, error) {
	pending, err := k.pending.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.PendingFees{}, nil
	}
	return pending, err
}

// movePending burns and pays the pending shares, coin by coin, so that a denom that cannot be
// moved does not hold up the others.
func (k *Keeper) movePending(ctx context.Context) error {
	pending, err := k.pendingFees(ctx)
	if err != nil || pending.Total().Empty() {
		return err
	}
	escrow := authtypes.NewModuleAddress(k.escrow)
	var moved, left types.PendingFees
	moved.Burn, left.Burn = k.moveEach(ctx, pending.Burn, func(ctx context.Context, coins sdk.Coins) error {
		return k.others.Bank.BurnCoins(ctx, k.escrow, coins)
	})
	moved.Stakers, left.Stakers = k.moveEach(ctx, pending.Stakers, func(ctx context.Context, coins sdk.Coins) error {
		return k.others.Bank.SendCoinsFromModuleToModule(ctx, k.escrow, k.feeCollector, coins)
	})
	moved.Community, left.Community = k.moveEach(ctx, pending.Community, func(ctx context.Context, coins sdk.Coins) error {
		return k.others.Community.FundCommunityPool(ctx, coins, escrow)
	})
	if err := k.storePending(ctx, left); err != nil {
		return err
	}
	if moved.Total().Empty() {
		return nil
	}
	return emit(ctx, types.NewEventFeesMoved(moved))
}

func (k *Keeper) storePending(ctx context.Context, pending types.PendingFees) error {
	if pending.Total().Empty() {
		return k.pending.Remove(ctx)
	}
	return k.pending.Set(ctx, pending)
}

// moveEach moves coins one by one. It returns the coins that were moved and those that stay.
func (k *Keeper) moveEach(
	ctx context.Context, coins sdk.Coins, move func(context.Context, sdk.Coins) error,
) (moved, left sdk.Coins) {
	for _, coin := range coins {
		err := isolated.Run(ctx, func(ctx context.Context) error { return move(ctx, sdk.NewCoins(coin)) })
		if err != nil {
			k.logger(ctx).Error("expected to move a share out of escrow, will try later", "coin", coin.String(), "err", err)
			left = left.Add(coin)
			continue
		}
		moved = moved.Add(coin)
	}
	return moved, left
}
