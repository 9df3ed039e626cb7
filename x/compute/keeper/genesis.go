package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// InitGenesis writes an exported state. It fails when escrow does not hold what
// the state owes.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	for i := range g.Jobs {
		if err := k.importJob(ctx, g.Params, g.Jobs[i], g.Specs[i]); err != nil {
			return err
		}
	}
	for _, task := range g.Tasks {
		id, err := types.ParseJobID(task.JobId)
		if err != nil {
			return err
		}
		if err := k.tasks.Set(ctx, collections.Join(id, task.Index), task); err != nil {
			return err
		}
		if err := k.due.Set(ctx, collections.Join3(task.DueHeight, id, task.Index)); err != nil {
			return err
		}
	}
	for _, a := range g.Assignments {
		operator, err := k.addresses.StringToBytes(a.Operator)
		if err != nil {
			return err
		}
		id, err := types.ParseJobID(a.JobId)
		if err != nil {
			return err
		}
		if err := k.assignments.Set(ctx, collections.Join3(sdk.AccAddress(operator), id, a.Task), a); err != nil {
			return err
		}
	}
	for _, r := range g.Receipts {
		id, err := types.ParseJobID(r.JobId)
		if err != nil {
			return err
		}
		if err := k.importReceipt(ctx, g.Params, id, r); err != nil {
			return err
		}
	}
	for _, r := range k.CheckInvariants(ctx) {
		if r.Err != nil {
			return types.ErrInvalidGenesis.Wrapf("%s: %s", r.Name, r.Err)
		}
	}
	return nil
}

// importReceipt writes a receipt. That of a job which has been pruned waits for
// its own pruning.
func (k *Keeper) importReceipt(ctx context.Context, params types.Params, id types.JobID, r types.Receipt) error {
	if err := k.receipts.Set(ctx, collections.Join(id, r.Task), r); err != nil {
		return err
	}
	if kept, err := k.jobs.Has(ctx, id); kept || err != nil {
		return err
	}
	return k.pruneAt(ctx, r.Height+int64(params.RetentionBlocks)+int64(params.ReceiptRetentionBlocks), id)
}

func (k *Keeper) importJob(ctx context.Context, params types.Params, job types.Job, spec types.JobSpec) error {
	id, err := types.ParseJobID(job.Id)
	if err != nil {
		return err
	}
	requester, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return err
	}
	if err := k.jobs.Set(ctx, id, job); err != nil {
		return err
	}
	if err := k.specs.Set(ctx, id, spec); err != nil {
		return err
	}
	if err := k.requesters.Set(ctx, collections.Join(sdk.AccAddress(requester), id)); err != nil {
		return err
	}
	if job.Ended() {
		return k.pruneAt(ctx, job.ClosedHeight+int64(params.RetentionBlocks), id)
	}
	return k.openJobs.Set(ctx, collections.Join(job.Class, id))
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: params}
	err = k.jobs.Walk(ctx, nil, func(id types.JobID, job types.Job) (bool, error) {
		spec, err := k.specs.Get(ctx, id)
		g.Jobs, g.Specs = append(g.Jobs, job), append(g.Specs, spec)
		return err != nil, err
	})
	if err != nil {
		return nil, err
	}
	err = k.tasks.Walk(ctx, nil, func(_ taskKey, task types.Task) (bool, error) {
		g.Tasks = append(g.Tasks, task)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.assignments.Walk(ctx, nil, func(_ assignmentKey, a types.Assignment) (bool, error) {
		g.Assignments = append(g.Assignments, a)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.receipts.Walk(ctx, nil, func(_ taskKey, r types.Receipt) (bool, error) {
		g.Receipts = append(g.Receipts, r)
		return false, nil
	})
	return g, err
}
