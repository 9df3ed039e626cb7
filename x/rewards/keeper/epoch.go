package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"

	"github.com/thetaedge/theta/x/internal/isolated"
	"github.com/thetaedge/theta/x/rewards/types"
)

// maxForgotten bounds the summaries that one roll removes.
const maxForgotten = 10

// EpochHooks closes an epoch when x/epochs starts the next one.
type EpochHooks struct{ keeper *Keeper }

var _ epochstypes.EpochHooks = EpochHooks{}

// Hooks returns the hooks that x/epochs calls.
func (k *Keeper) Hooks() epochstypes.EpochHooks { return EpochHooks{keeper: k} }

// AfterEpochEnd does nothing, because an epoch is closed when the next one starts.
func (EpochHooks) AfterEpochEnd(context.Context, string, int64) error { return nil }

// BeforeEpochStart closes the epochs before number. A failure is logged and leaves the rolls of
// other modules alone: the open epoch goes on, and its summary will cover the next one as well.
func (h EpochHooks) BeforeEpochStart(ctx context.Context, identifier string, number int64) error {
	params, err := h.keeper.params.Get(ctx)
	if err != nil {
		return err
	}
	if identifier != params.EpochIdentifier {
		return nil
	}
	logger := h.keeper.logger(ctx)
	closed := isolated.Try(ctx, logger, "closing an epoch", func(ctx context.Context) error {
		epoch, err := h.keeper.others.Epochs.GetEpochInfo(sdk.UnwrapSDKContext(ctx), identifier)
		if err != nil {
			return err
		}
		if err := h.keeper.countEmission(ctx, params, number-1, epoch.Duration); err != nil {
			return err
		}
		return h.keeper.closeEpoch(ctx, params, number-1)
	})
	if !closed {
		isolated.Try(ctx, logger, "prolonging an epoch", func(ctx context.Context) error { return h.keeper.prolongEpoch(ctx, number-1) })
	}
	return nil
}

// prolongEpoch notes that the summary of the open epoch will cover one more epoch. ended is the number
// in x/epochs of the epoch that has ended.
func (k *Keeper) prolongEpoch(ctx context.Context, ended int64) error {
	open, err := k.openEpoch(ctx)
	if err != nil || open.Epoch == 0 && ended <= 0 { // no epoch has ended yet
		return err
	}
	open.Later++
	return k.open.Set(ctx, open)
}

// closeEpoch writes the summary of the open epoch, opens the next one and forgets old summaries.
// ended is the number in x/epochs of the epoch that has ended. The open epoch keeps the number under
// which its credits were recorded, and the next one has a higher number, also if x/epochs counts from
// the beginning again: records of two epochs never share a number. If epochs could not be closed when
// they ended, their numbers follow that of the open epoch, and its summary covers them.
func (k *Keeper) closeEpoch(ctx context.Context, params types.Params, ended int64) error {
	// Credits of this block that were made before the epoch began belong to the one that ends.
	if err := k.foldNotes(ctx); err != nil {
		return err
	}
	flows, err := k.SupplyFlows(ctx)
	if err != nil {
		return err
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	open, err := k.openEpoch(ctx)
	if err != nil {
		return err
	}
	work, err := k.paidWork(ctx)
	if err != nil {
		return err
	}
	number, last := open.Epoch, open.Epoch+open.Later
	if open.Epoch == 0 {
		number, last = max(min(ended, 1), ended-open.Later), ended
	}
	if number > 0 {
		// The heights of an exported state may be higher than those of the chain that starts from it.
		summary := types.EpochSummary{
			Identifier: params.EpochIdentifier, Epoch: number, LastEpoch: last, StartHeight: min(open.StartHeight, height), EndHeight: height,
			Flows: flows.Since(open.Flows), Work: work,
		}
		if err := k.summaries.Set(ctx, number, summary); err != nil {
			return err
		}
	}
	if err := k.work.Remove(ctx); err != nil {
		return err
	}
	if err := k.open.Set(ctx, types.OpenEpoch{StartHeight: height, Flows: flows, Epoch: max(last, ended) + 1}); err != nil {
		return err
	}
	return k.forgetEpochs(ctx, number-int64(params.HistoryEpochs)) //nolint:gosec // bounded by MaxHistoryEpochs
}

// forgetEpochs removes summaries up to an epoch, at most maxForgotten of them.
func (k *Keeper) forgetEpochs(ctx context.Context, last int64) error {
	iterator, err := k.summaries.Iterate(ctx, new(collections.Range[int64]).EndInclusive(last))
	if err != nil {
		return err
	}
	var old []int64
	for ; iterator.Valid() && len(old) < maxForgotten; iterator.Next() {
		number, err := iterator.Key()
		if err != nil {
			return errors.Join(err, iterator.Close())
		}
		old = append(old, number)
	}
	if err := iterator.Close(); err != nil {
		return err
	}
	for _, number := range old {
		if err := k.summaries.Remove(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

// openEpoch returns where the current epoch began.
func (k *Keeper) openEpoch(ctx context.Context) (types.OpenEpoch, error) {
	open, err := k.open.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.OpenEpoch{StartHeight: 1}, nil
	}
	return open, err
}

// paidWork returns what nodes were credited with in the current epoch, up to the last block.
func (k *Keeper) paidWork(ctx context.Context) (types.PaidWork, error) {
	work, err := k.work.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.PaidWork{}, nil
	}
	return work, err
}

// storeWork writes what nodes were credited with in the current epoch. A block may pay shares of fees alone: work that
// is empty has no record, as after an import.
func (k *Keeper) storeWork(ctx context.Context, work types.PaidWork) error {
	if work.Empty() {
		return k.work.Remove(ctx)
	}
	return k.work.Set(ctx, work)
}

// EpochSummary returns the summary that covers an epoch, or ErrEpochNotKept.
func (k *Keeper) EpochSummary(ctx context.Context, number int64) (types.EpochSummary, error) {
	iterator, err := k.summaries.Iterate(ctx, new(collections.Range[int64]).EndInclusive(number).Descending())
	if err != nil {
		return types.EpochSummary{}, err
	}
	defer iterator.Close()
	if iterator.Valid() {
		summary, err := iterator.Value()
		if err != nil || number <= summary.Last() {
			return summary, err
		}
	}
	return types.EpochSummary{}, types.ErrEpochNotKept.Wrapf(
		"epoch %d: expected one that has ended and is among the last history_epochs; list them with: thetad query rewards epoch-summaries", number)
}
