package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"

	"github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/internal/isolated"
)

// Epoch returns the last rolled epoch, whose snapshot is the current one, or 0 before the
// first roll.
func (k *Keeper) Epoch(ctx context.Context) (uint64, error) { return k.epoch.Get(ctx) }

// RollEpoch starts the next epoch: it takes a snapshot of the total of every class and drops
// the snapshots of old epochs. Its cost does not depend on the number of nodes.
func (k *Keeper) RollEpoch(ctx context.Context) error {
	epoch, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	epoch++
	if err := k.epoch.Set(ctx, epoch); err != nil {
		return err
	}
	if err := k.starts.Set(ctx, epoch, height(ctx)); err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	for _, class := range params.Classes {
		total, err := k.upcoming(ctx, class.Id)
		if err != nil {
			return err
		}
		if err := k.snapshots.Set(ctx, collections.Join(epoch, class.Id), total); err != nil {
			return err
		}
	}
	oldest := types.OldestKeptEpoch(epoch)
	if err := k.starts.Clear(ctx, new(collections.Range[uint64]).EndExclusive(oldest)); err != nil {
		return err
	}
	if err := k.pruneSnapshots(ctx, oldest); err != nil {
		return err
	}
	return emit(ctx, types.NewEventEpochRolled(epoch))
}

// pruneSnapshots removes everything that is older than the oldest kept epoch. If every roll
// has run, that is one epoch's classes.
func (k *Keeper) pruneSnapshots(ctx context.Context, oldest uint64) error {
	older := new(collections.Range[collections.Pair[uint64, string]]).
		EndExclusive(collections.PairPrefix[uint64, string](oldest))
	iterator, err := k.snapshots.Iterate(ctx, older)
	if err != nil {
		return err
	}
	keys, err := iterator.Keys()
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := k.snapshots.Remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// firstEpochAfter returns the oldest kept epoch that began after a height. If no such epoch
// has begun, it returns the next epoch.
func (k *Keeper) firstEpochAfter(ctx context.Context, height int64) (uint64, error) {
	epoch, err := k.Epoch(ctx)
	if err != nil {
		return 0, err
	}
	first := epoch + 1
	for first > types.OldestKeptEpoch(epoch) {
		start, err := k.starts.Get(ctx, first-1)
		if errors.Is(err, collections.ErrNotFound) || err == nil && start <= height {
			break
		}
		if err != nil {
			return 0, err
		}
		first--
	}
	return first, nil
}

// catchUpBlocks is the number of blocks after the last roll during which x/epochs may catch
// up.
const catchUpBlocks = 100

// EpochHooks rolls the epoch when x/epochs starts an epoch with the identifier in the
// parameters.
type EpochHooks struct {
	keeper *Keeper
	epochs types.EpochsKeeper
}

var _ epochstypes.EpochHooks = EpochHooks{}

// Hooks returns the hooks that x/epochs calls. The parameter epochs is x/epochs itself.
func (k *Keeper) Hooks(epochs types.EpochsKeeper) epochstypes.EpochHooks {
	return EpochHooks{keeper: k, epochs: epochs}
}

// AfterEpochEnd does nothing, because the roll happens when an epoch starts.
func (EpochHooks) AfterEpochEnd(context.Context, string, int64) error { return nil }

// BeforeEpochStart rolls the module's own epoch, which is counted from genesis. If it returns
// an error, x/epochs drops everything that it has written, and the start of the next epoch
// rolls instead. A panic is turned into an error, so that it cannot halt the chain.
func (h EpochHooks) BeforeEpochStart(ctx context.Context, identifier string, _ int64) error {
	params, err := h.keeper.params.Get(ctx)
	if err != nil {
		return err
	}
	if identifier != params.EpochIdentifier {
		return nil
	}
	return isolated.Run(ctx, func(ctx context.Context) error {
		behind, err := h.catchingUp(ctx, identifier)
		if err != nil || behind {
			return err
		}
		return h.keeper.RollEpoch(ctx)
	})
}

// catchingUp reports whether the epoch that starts is already over. After a halt, x/epochs
// starts one missed epoch in every block. If each of them were rolled, the kept epochs would
// lose the weights that draws from before the halt use. If epochs were shorter than a block,
// the module would wait forever; the wait therefore ends when the last roll is long ago.
func (h EpochHooks) catchingUp(ctx context.Context, identifier string) (bool, error) {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	epoch, err := h.epochs.GetEpochInfo(sdkCtx, identifier)
	if err != nil {
		return false, err
	}
	if !sdkCtx.BlockTime().After(epoch.CurrentEpochStartTime.Add(epoch.Duration)) {
		return false, nil
	}
	last, err := h.keeper.Epoch(ctx)
	if err != nil {
		return false, err
	}
	start, err := h.keeper.starts.Get(ctx, last)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return false, err
	}
	return height(ctx)-start < catchUpBlocks, nil
}
