package keeper

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/compute/types"
)

// taskRecords gives the rounds of a task access to records of the keeper that are not the
// task's own.
type taskRecords struct{ k *Keeper }

func (r taskRecords) Challenge(ctx context.Context, id types.JobID, task uint64) (types.Challenge, error) {
	return r.k.challenges.Get(ctx, collections.Join(id, task))
}

func (r taskRecords) SetChallenge(ctx context.Context, id types.JobID, c types.Challenge) error {
	return r.k.challenges.Set(ctx, collections.Join(id, c.Task), c)
}

func (r taskRecords) RemoveChallenge(ctx context.Context, id types.JobID, task uint64) error {
	return r.k.challenges.Remove(ctx, collections.Join(id, task))
}

func (r taskRecords) Carbon(ctx context.Context, region string) (types.CarbonFactor, bool, error) {
	return r.k.carbonOf(ctx, region)
}

func (r taskRecords) HasSpec(ctx context.Context, id types.JobID) (bool, error) {
	return r.k.specs.Has(ctx, id)
}

func (r taskRecords) SetReceipt(ctx context.Context, id types.JobID, receipt types.Receipt) error {
	return r.k.receipts.Set(ctx, collections.Join(id, receipt.Task), receipt)
}
