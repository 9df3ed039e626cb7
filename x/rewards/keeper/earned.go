package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// earnedKey is the key of what an operator was credited with in an epoch.
type earnedKey = collections.Pair[int64, sdk.AccAddress]

// creditKey is the key of what a chunk has brought to an operator: epoch, operator, job and task.
type creditKey = collections.Quad[int64, sdk.AccAddress, computetypes.JobID, uint64]

// prunedEarned bounds the number of old records of each kind that a block removes, in addition to
// twice as many as it has written, so that they do not pile up.
const prunedEarned = 100

// recordCredit adds a credit to the record of its chunk. The key contains the chunk and the
// operator, so that no two settlements share one.
func (k *Keeper) recordCredit(ctx context.Context, operator sdk.AccAddress, from computetypes.CreditOrigin, coin sdk.Coin) error {
	if coin.IsZero() {
		return nil
	}
	open, err := k.openEpoch(ctx)
	if err != nil {
		return err
	}
	key := collections.Join4(open.Epoch, operator, from.Job, from.Task)
	sums, err := sumsOf(ctx, k.credits, key)
	if err != nil {
		return err
	}
	sums.Sources = types.AddSources(sums.Sources, types.Credited(from.Source, coin))
	return k.credits.Set(ctx, key, sums)
}

// addEarned adds amounts to what an operator was credited with in the open epoch.
func (k *Keeper) addEarned(ctx context.Context, epoch int64, operator sdk.AccAddress, sources []types.SourceAmount) error {
	if len(sources) == 0 {
		return nil
	}
	key := collections.Join(epoch, operator)
	sums, err := sumsOf(ctx, k.earned, key)
	if err != nil {
		return err
	}
	sums.Sources = types.AddSources(sums.Sources, sources)
	return k.earned.Set(ctx, key, sums)
}

// sumsOf returns an entry, which is empty if it is missing.
func sumsOf[K any](ctx context.Context, entries collections.Map[K, types.CreditSums], key K) (types.CreditSums, error) {
	sums, err := entries.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		return types.CreditSums{}, nil
	}
	return sums, err
}

// foldEarned adds the block's credits to what operators have earned in the open epoch.
func (k *Keeper) foldEarned(ctx context.Context, notes []noteEntry) error {
	open, err := k.openEpoch(ctx)
	if err != nil {
		return err
	}
	credits := uint64(0)
	for len(notes) > 0 {
		operator, n := notes[0].key.K1(), 0
		var sources []types.SourceAmount
		for ; n < len(notes) && notes[n].key.K1().Equals(operator); n++ { // one entry for each denom
			sources = types.AddSources(sources, notes[n].note.Work.Credited)
			credits += notes[n].note.Credits
		}
		if err := k.addEarned(ctx, open.Epoch, operator, sources); err != nil {
			return err
		}
		notes = notes[n:]
	}
	return k.pruneEarned(ctx, open.Epoch, prunedEarned+2*credits)
}

// pruneEarned removes records that are too old, at most a number of each kind.
func (k *Keeper) pruneEarned(ctx context.Context, open int64, most uint64) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	history := int64(params.HistoryEpochs) //nolint:gosec // bounded by MaxHistoryEpochs
	last, err := removeUntil(ctx, k.earned, most, open-history, earnedKey.K1)
	if err != nil {
		return err
	}
	lastCredit, err := removeUntil(ctx, k.credits, most, open-min(history, types.CreditEpochs), creditKey.K1)
	if err != nil {
		return err
	}
	complete, err := k.completeFrom(ctx)
	if from := max(last, lastCredit) + 1; err == nil && from > complete {
		err = k.complete.Set(ctx, from)
	}
	return err
}

// completeFrom returns the first epoch of which no record was removed.
func (k *Keeper) completeFrom(ctx context.Context) (int64, error) {
	from, err := k.complete.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return from, err
}

// removeUntil removes the first entries up to an epoch, at most a number of them. It returns the
// last epoch of which it has removed an entry, or -1.
func removeUntil[K any](ctx context.Context, entries collections.Map[K, types.CreditSums], most uint64, until int64, epochOf func(K) int64) (int64, error) {
	iterator, err := entries.Iterate(ctx, nil)
	if err != nil {
		return -1, err
	}
	var keys []K
	last := int64(-1)
	for ; iterator.Valid() && uint64(len(keys)) < most; iterator.Next() {
		key, err := iterator.Key()
		if err != nil {
			return last, errors.Join(err, iterator.Close())
		}
		if epochOf(key) > until {
			break
		}
		last, keys = epochOf(key), append(keys, key)
	}
	if err := iterator.Close(); err != nil {
		return last, err
	}
	for _, key := range keys {
		if err := entries.Remove(ctx, key); err != nil {
			return last, err
		}
	}
	return last, nil
}

// EarnedIn returns what an operator was credited with in a range of epochs that ends before one,
// the newest first. It returns where the next, older range ends, or 0 if nothing older is kept.
func (k *Keeper) EarnedIn(ctx context.Context, operator sdk.AccAddress, before int64, epochs uint32) ([]types.EpochEarnings, int64, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, 0, err
	}
	open, err := k.openEpoch(ctx)
	if err != nil {
		return nil, 0, err
	}
	text, err := k.addresses.BytesToString(operator)
	if err != nil {
		return nil, 0, err
	}
	oldest := max(0, open.Epoch-int64(params.HistoryEpochs)+1) //nolint:gosec // bounded by MaxHistoryEpochs
	before = min(before, open.Epoch+1)
	first := max(oldest, before-int64(epochs))
	var earned []types.EpochEarnings
	for epoch := before - 1; epoch >= first; epoch-- {
		sums, err := sumsOf(ctx, k.earned, collections.Join(epoch, operator))
		if err != nil {
			return nil, 0, err
		}
		if len(sums.Sources) > 0 {
			earned = append(earned, types.EpochEarnings{Epoch: epoch, Operator: text, Sources: sums.Sources})
		}
	}
	if first <= oldest {
		return earned, 0, nil
	}
	return earned, first, nil
}

// creditOf describes the record of a chunk.
func (k *Keeper) creditOf(key creditKey, sums types.CreditSums) (types.Credit, error) {
	text, err := k.addresses.BytesToString(key.K2())
	return types.Credit{Epoch: key.K1(), Operator: text, JobId: key.K3().String(), Task: key.K4(), Sources: sums.Sources}, err
}
