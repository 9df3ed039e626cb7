package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/internal/isolated"
	"github.com/thetaedge/theta/x/rewards/types"
)

// maxRetried bounds the records of unminted pay that one block tries again, and maxRetriedChunks the
// chunks of all but the last of them: a record contains as many as an operator has settled in one
// block. Records that fail go to the end of the queue, so that they do not hold up the others.
const (
	maxRetried       = 100
	maxRetriedChunks = 1_000
)

// retryUnminted tries to mint the first records of the queue.
func (k *Keeper) retryUnminted(ctx context.Context) {
	first, err := k.firstUnminted(ctx)
	if err != nil {
		k.logger(ctx).Error("expected to read pay that was not minted", "err", err)
		return
	}
	for _, entry := range first {
		place, record := entry.Key, entry.Value
		err := isolated.Run(ctx, func(ctx context.Context) error {
			pay, err := k.payOf(record)
			if err != nil {
				return err
			}
			if err := k.dequeueUnminted(ctx, place, record); err != nil {
				return err
			}
			return k.foldGrant(ctx, record.Grant, pay)
		})
		if err == nil {
			continue
		}
		k.logger(ctx).Error("expected to mint what a grant owes an operator, will try later", "grant", record.Grant, "operator", record.Operator, "err", err)
		isolated.Try(ctx, k.logger(ctx), "moving unminted pay to the end of its queue", func(ctx context.Context) error {
			if err := k.dequeueUnminted(ctx, place, record); err != nil {
				return err
			}
			return k.enqueueUnminted(ctx, record)
		})
	}
}

// firstUnminted returns the first records of the queue with their places, as many as one block tries
// again.
func (k *Keeper) firstUnminted(ctx context.Context) ([]collections.KeyValue[uint64, types.UnmintedPay], error) {
	var first []collections.KeyValue[uint64, types.UnmintedPay]
	chunks := 0
	err := k.unminted.Walk(ctx, nil, func(place uint64, record types.UnmintedPay) (bool, error) {
		first = append(first, collections.KeyValue[uint64, types.UnmintedPay]{Key: place, Value: record})
		chunks += len(record.Chunks)
		return len(first) >= maxRetried || chunks >= maxRetriedChunks, nil
	})
	return first, err
}

// keepUnminted puts what a grant pays one operator for one block at the end of the queue.
func (k *Keeper) keepUnminted(ctx context.Context, pay grantPay) error {
	record, err := k.recordOf(pay)
	if err != nil {
		return err
	}
	return k.enqueueUnminted(ctx, record)
}

// enqueueUnminted puts a record at the end of the queue and adds it to the total of its grant.
func (k *Keeper) enqueueUnminted(ctx context.Context, record types.UnmintedPay) error {
	place, err := k.nextUnminted.Next(ctx)
	if err != nil {
		return err
	}
	total, err := k.unmintedTotal(ctx, record.Grant)
	if err != nil {
		return err
	}
	if err := k.unmintedTotals.Set(ctx, record.Grant, total.Add(&record)); err != nil {
		return err
	}
	return k.unminted.Set(ctx, place, record)
}

// dequeueUnminted takes a record out of the queue and off the total of its grant.
func (k *Keeper) dequeueUnminted(ctx context.Context, place uint64, record types.UnmintedPay) error {
	if err := k.unminted.Remove(ctx, place); err != nil {
		return err
	}
	total, err := k.unmintedTotal(ctx, record.Grant)
	if err != nil {
		return err
	}
	total.Records, total.Amount = total.Records-1, total.Amount.Sub(record.Minted())
	if total.Records == 0 {
		return k.unmintedTotals.Remove(ctx, record.Grant)
	}
	return k.unmintedTotals.Set(ctx, record.Grant, total)
}

// unmintedTotal returns the sum of a grant's pay that was not minted yet. It is zero if there is
// none.
func (k *Keeper) unmintedTotal(ctx context.Context, grant uint64) (types.UnmintedTotal, error) {
	total, err := k.unmintedTotals.Get(ctx, grant)
	if errors.Is(err, collections.ErrNotFound) {
		return types.UnmintedTotal{Amount: math.ZeroInt()}, nil
	}
	return total, err
}

// checkUnmintedTotal returns ErrGrantUnminted if too much pay of a grant was not minted yet for it
// to have further jobs.
func (k *Keeper) checkUnmintedTotal(ctx context.Context, grant uint64) error {
	total, err := k.unmintedTotal(ctx, grant)
	if err == nil && total.Records >= types.MaxUnminted {
		err = types.ErrGrantUnminted.Wrapf("grant %d: nodes have earned %s that could not be minted yet, in %d records; post the job again when there are fewer than %d: thetad query rewards grant %d",
			grant, total.Amount, total.Records, types.MaxUnminted, grant)
	}
	return err
}

// recordOf returns the form in which the pay of one operator is kept.
func (k *Keeper) recordOf(pay grantPay) (types.UnmintedPay, error) {
	key := pay.notes[0].key
	text, err := k.addresses.BytesToString(key.K2())
	record := types.UnmintedPay{Grant: key.K1(), Operator: text}
	for i := range pay.notes {
		record.Notes = append(record.Notes, types.UnmintedNote{Class: pay.notes[i].key.K3(), Note: pay.notes[i].note})
	}
	for i := range pay.credits {
		credit := &pay.credits[i]
		record.Chunks = append(record.Chunks, types.UnmintedChunk{JobId: credit.key.K3().String(), Task: credit.key.K4(), Amount: credit.amount})
	}
	return record, err
}

// payOf reads a record of unminted pay. It returns ErrInvalidAddress, or an error of x/compute about
// the id of a job.
func (k *Keeper) payOf(record types.UnmintedPay) (grantPay, error) {
	var pay grantPay
	operator, err := k.parse("operator", record.Operator)
	if err != nil {
		return pay, err
	}
	for _, n := range record.Notes {
		pay.notes = append(pay.notes, grantNoteEntry{key: collections.Join3(record.Grant, operator, n.Class), note: n.Note})
	}
	for _, c := range record.Chunks {
		job, err := computetypes.ParseJobID(c.JobId)
		if err != nil {
			return pay, err
		}
		pay.credits = append(pay.credits, grantCredit{key: collections.Join4(record.Grant, operator, job, c.Task), amount: c.Amount})
	}
	return pay, nil
}

// checkUnminted checks that all pay that was not minted is pay for verified fuel, and that the totals
// of grants are those of their records.
func (k *Keeper) checkUnminted(ctx context.Context) error {
	sums := map[uint64]types.UnmintedTotal{}
	err := k.unminted.Walk(ctx, nil, func(_ uint64, record types.UnmintedPay) (bool, error) {
		grant, err := k.Grant(ctx, record.Grant)
		if err != nil {
			return true, err
		}
		if err := record.Validate(&grant); err != nil {
			return true, types.ErrInvariantBroken.Wrap(err.Error())
		}
		sum, is := sums[record.Grant]
		if !is {
			sum.Amount = math.ZeroInt()
		}
		sums[record.Grant] = sum.Add(&record)
		return false, nil
	})
	if err != nil {
		return err
	}
	err = k.unmintedTotals.Walk(ctx, nil, func(id uint64, total types.UnmintedTotal) (bool, error) {
		sum, is := sums[id]
		if !is || total.Records != sum.Records || !total.Amount.Equal(sum.Amount) || total.Matures < sum.Matures {
			return true, types.ErrInvariantBroken.Wrapf("grant %d: expected %v of unminted pay, found records of %v", id, total, sum)
		}
		delete(sums, id)
		return false, nil
	})
	if err == nil && len(sums) > 0 {
		err = types.ErrInvariantBroken.Wrapf("expected a total for each grant with unminted pay, %d are missing", len(sums))
	}
	return err
}
