package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// InitGenesis writes an exported state. It returns an error if the escrow account does not
// hold the amount that the state owes.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if chain := sdk.UnwrapSDKContext(ctx).ChainID(); g.ChainId != "" && g.ChainId != chain {
		if err := g.Rename(chain); err != nil {
			return err
		}
	}
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	if err := k.importReceipts(ctx, &g); err != nil {
		return err
	}
	for i := range g.Jobs {
		if err := k.importJob(ctx, g.Params, g.Jobs[i], g.Specs[i]); err != nil {
			return err
		}
	}
	for _, task := range g.Chunks {
		if err := k.importChunk(ctx, task); err != nil {
			return err
		}
	}
	for _, c := range g.TaskBits {
		id, err := types.ParseJobID(c.JobId)
		if err != nil {
			return err
		}
		if err := k.taskBits.Set(ctx, collections.Join(id, c.Index), c.Bits); err != nil {
			return err
		}
	}
	if err := k.importEnergy(ctx, &g); err != nil {
		return err
	}
	for _, m := range g.Markets {
		if err := k.markets.Set(ctx, m.Class, m); err != nil {
			return err
		}
	}
	for _, c := range g.Challenges {
		id, err := types.ParseJobID(c.JobId)
		if err != nil {
			return err
		}
		if err := k.challenges.Set(ctx, collections.Join(id, c.Task), c); err != nil {
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

// importReceipts writes the receipts, which determine how long their jobs are kept. The
// receipt of a pruned job is queued for its own pruning.
func (k *Keeper) importReceipts(ctx context.Context, g *types.GenesisState) error {
	kept := map[string]bool{}
	for i := range g.Jobs {
		kept[g.Jobs[i].Id] = true
	}
	for i := range g.Receipts {
		r := &g.Receipts[i]
		id, err := types.ParseJobID(r.JobId)
		if err != nil {
			return err
		}
		if err := k.receipts.Set(ctx, collections.Join(id, r.Task), *r); err != nil {
			return err
		}
		if kept[r.JobId] {
			continue
		}
		if err := k.pruneAt(ctx, retained(&g.Params, r.Height, r)+int64(g.Params.ReceiptRetentionBlocks), id); err != nil {
			return err
		}
	}
	return nil
}

// importChunk stores a task of an existing job, and its index entries.
func (k *Keeper) importChunk(ctx context.Context, task types.Chunk) error {
	id, err := types.ParseJobID(task.JobId)
	if err != nil {
		return err
	}
	job, err := k.Job(ctx, id)
	if err != nil {
		return err
	}
	if err := k.chunks.Set(ctx, collections.Join(id, task.Index), task); err != nil {
		return err
	}
	return k.reindex(ctx, id, task.Index, round.Traces{}, round.TracesOf(&job, task))
}

// importJob stores a job and its spec. The spec of an array may have been pruned. A job from
// before jobs bounded their fuel takes the bound of its spec.
func (k *Keeper) importJob(ctx context.Context, params types.Params, job types.Job, spec types.JobSpec) error {
	id, err := types.ParseJobID(job.Id)
	if err != nil {
		return err
	}
	if job.Fuel == 0 {
		job.Fuel = spec.Resources.Fuel
	}
	if err := k.jobs.Set(ctx, id, job); err != nil {
		return err
	}
	if job.DueHeight != 0 {
		if err := k.due.Set(ctx, collections.Join3(job.DueHeight, id, uint64(types.JobEntry))); err != nil {
			return err
		}
	}
	if spec.Executor == "" {
		kept, err := k.keptUntil(ctx, params, id, &job)
		if err != nil {
			return err
		}
		return k.pruneAt(ctx, kept+int64(params.ReceiptRetentionBlocks), id)
	}
	if err := k.specs.Set(ctx, id, spec); err != nil {
		return err
	}
	if err := k.noteRedelivery(ctx, id, &job); err != nil {
		return err
	}
	requester, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return err
	}
	if err := k.requesters.Set(ctx, collections.Join(sdk.AccAddress(requester), id)); err != nil {
		return err
	}
	if !job.Ended() {
		return nil
	}
	kept, err := k.keptUntil(ctx, params, id, &job)
	if err != nil {
		return err
	}
	return k.pruneAt(ctx, kept, id)
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: params, ChainId: sdk.UnwrapSDKContext(ctx).ChainID()}
	err = k.jobs.Walk(ctx, nil, func(id types.JobID, job types.Job) (bool, error) {
		spec, err := k.specs.Get(ctx, id)
		if errors.Is(err, collections.ErrNotFound) {
			spec, err = types.JobSpec{}, nil // pruned: the root of its receipts remains
		}
		g.Jobs, g.Specs = append(g.Jobs, job), append(g.Specs, spec)
		return err != nil, err
	})
	if err != nil {
		return nil, err
	}
	err = k.chunks.Walk(ctx, nil, func(key taskKey, task types.Chunk) (bool, error) {
		job, err := k.jobs.Get(ctx, key.K1())
		if err != nil {
			return true, err
		}
		task.CompleteLocks(&job)
		g.Chunks = append(g.Chunks, task)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.receipts.Walk(ctx, nil, func(_ taskKey, r types.Receipt) (bool, error) {
		g.Receipts = append(g.Receipts, r)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.taskBits.Walk(ctx, nil, func(key taskKey, c types.TaskBits) (bool, error) {
		g.TaskBits = append(g.TaskBits, types.TaskBitsEntry{JobId: key.K1().String(), Index: key.K2(), Bits: c})
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.markets.Walk(ctx, nil, func(_ string, m types.Market) (bool, error) {
		g.Markets = append(g.Markets, m)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.challenges.Walk(ctx, nil, func(_ taskKey, c types.Challenge) (bool, error) {
		g.Challenges = append(g.Challenges, c)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return g, k.exportEnergy(ctx, g)
}
