package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// fold writes what the block's tasks have changed of their jobs: each job is
// written once, however many of its tasks moved.
func (k *Keeper) fold(ctx sdk.Context, params types.Params) error {
	entries, err := k.takeNotes(ctx)
	if err != nil {
		return err
	}
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].id == entries[0].id {
			n++
		}
		of := entries[:n]
		entries = entries[n:]
		k.isolated(ctx, "folding job "+of[0].id.String(), func(ctx sdk.Context) error {
			return k.foldJob(ctx, params, of)
		})
	}
	return nil
}

// foldJob counts the notes of one job, then refunds, closes it or has it open
// further tasks.
func (k *Keeper) foldJob(ctx sdk.Context, params types.Params, notes []noteEntry) error {
	id := notes[0].id
	job, err := k.Job(ctx, id)
	if err != nil {
		return err
	}
	stored, err := job.Marshal()
	if err != nil {
		return err
	}
	market, err := k.market(ctx, job.Class)
	if err != nil {
		return err
	}
	bits := chunkWriter{k: k, ctx: ctx, id: id}
	last := types.TASK_STATUS_UNSPECIFIED
	tasks, held, moved := int64(0), int64(0), false
	for _, e := range notes {
		tasks, held = tasks+e.note.Posted, held+e.note.Held
		moved = moved || e.note.Started || e.note.Ended != types.TASK_STATUS_UNSPECIFIED
		if e.note.Started || e.note.Idle {
			job.CountStarted()
		}
		if e.note.Started && job.Status == types.JOB_STATUS_OPEN {
			if err := job.MoveTo(types.JOB_STATUS_RUNNING); err != nil {
				return err
			}
		}
		job.Reserved = job.Reserved.Sub(e.note.Spent)
		if e.note.Ended == types.TASK_STATUS_UNSPECIFIED {
			continue
		}
		last = e.note.Ended
		tasks--
		accepted := last == types.TASK_STATUS_ACCEPTED
		job.CountEnded(accepted, e.note.Leaf)
		if accepted && job.Policy.Kind != types.POLICY_KIND_TRUST {
			market.Settle(job.Reward, params.PriceWeightBps)
		}
		if job.Tasks > 1 {
			if err := bits.mark(e.index, accepted); err != nil {
				return err
			}
		}
	}
	if err := bits.flush(); err != nil {
		return err
	}
	market.Count(tasks, held)
	if err := k.markets.Set(ctx, job.Class, market); err != nil {
		return err
	}
	if err := k.followUp(ctx, params, id, &job, moved, last); err != nil {
		return err
	}
	return k.setChanged(ctx, id, job, stored)
}

// setChanged writes a job unless it is as it was stored: most blocks in which a
// task moves change nothing of its job.
func (k *Keeper) setChanged(ctx context.Context, id types.JobID, job types.Job, stored []byte) error {
	encoded, err := job.Marshal()
	if err != nil || bytes.Equal(encoded, stored) {
		return err
	}
	return k.jobs.Set(ctx, id, job)
}

// followUp does what the new counts ask for. moved says that a task has found a
// node or ended, and last how the last one to end did.
func (k *Keeper) followUp(
	ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, moved bool, last types.TaskStatus,
) error {
	switch {
	case job.TasksEnded == job.Tasks:
		return k.tryClose(ctx, params, id, job, last)
	case job.TasksDropped > 0 || job.Cancelled:
		k.tryRefund(ctx, job)
		return nil
	case job.Unopened() > 0 && moved:
		return k.queueJob(ctx, id, job, ctx.BlockHeight()+1)
	default:
		return nil
	}
}

// tryRefund pays back what tasks that have ended leave over. A refund that fails
// comes with the next one, or when the job closes, and nothing that the block has
// counted is lost.
func (k *Keeper) tryRefund(ctx sdk.Context, job *types.Job) {
	refunded := *job
	if k.isolated(ctx, "refunding job "+job.Id, func(ctx sdk.Context) error {
		_, err := k.refund(ctx, &refunded, refunded.Excess())
		return err
	}) {
		*job = refunded
	}
}

// tryClose closes a job whose tasks have all ended; when that fails it is tried
// again later, and nothing that the block has counted is lost.
func (k *Keeper) tryClose(ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, last types.TaskStatus) error {
	closed := *job
	if k.isolated(ctx, "closing job "+job.Id, func(ctx sdk.Context) error {
		return k.closeJob(ctx, params, id, &closed, last)
	}) {
		*job = closed
		return nil
	}
	return k.queueJob(ctx, id, job, ctx.BlockHeight()+putOffBlocks)
}

// closeJob ends a job with its last task and returns what is left in escrow.
func (k *Keeper) closeJob(ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, last types.TaskStatus) error {
	status := types.JOB_STATUS_FAILED
	switch {
	case job.TasksAccepted == job.Tasks:
		status = types.JOB_STATUS_COMPLETED
	case job.Cancelled:
		status = types.JOB_STATUS_CANCELLED
	case job.TasksDropped > 0 || last == types.TASK_STATUS_EXPIRED:
		status = types.JOB_STATUS_EXPIRED
	}
	if err := job.MoveTo(status); err != nil {
		return err
	}
	// Cancelling left it at a task; pruning counts chunks from the first.
	job.ClosedHeight, job.Cursor = ctx.BlockHeight(), 0
	job.ResultsRoot = types.FrontierRoot(job.Frontier)
	if job.Policy.ChallengeBlocks == 0 {
		job.Frontier = nil // nobody proves a receipt to the chain
	}
	refund, err := k.refund(ctx, job, job.Reserved)
	if err != nil {
		return err
	}
	if err := k.queueJob(ctx, id, job, 0); err != nil {
		return err
	}
	if err := k.pruneAt(ctx, ctx.BlockHeight()+int64(params.RetentionBlocks), id); err != nil {
		return err
	}
	return ctx.EventManager().EmitTypedEvent(&types.EventJobClosed{
		JobId: job.Id, Status: status, TasksAccepted: job.TasksAccepted, ResultsRoot: job.ResultsRoot, Refund: refund,
	})
}

// refund pays an amount of the job's escrow back to its requester.
func (k *Keeper) refund(ctx sdk.Context, job *types.Job, amount math.Int) (sdk.Coin, error) {
	coin := sdk.NewCoin(job.Reward.Denom, amount)
	if amount.IsZero() {
		return coin, nil
	}
	requester, err := k.addresses.StringToBytes(job.Requester)
	if err != nil {
		return coin, err
	}
	job.Reserved = job.Reserved.Sub(amount)
	job.Refunded = job.Refunded.Add(amount)
	return coin, k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, requester, sdk.NewCoins(coin))
}

// queueJob moves a job to the height at which it is next due, 0 for never.
func (k *Keeper) queueJob(ctx sdk.Context, id types.JobID, job *types.Job, height int64) error {
	if height == job.DueHeight {
		return nil
	}
	if job.DueHeight != 0 {
		if err := k.due.Remove(ctx, collections.Join3(job.DueHeight, id, uint64(types.JobEntry))); err != nil {
			return err
		}
	}
	job.DueHeight = height
	if height == 0 {
		return nil
	}
	return k.due.Set(ctx, collections.Join3(height, id, uint64(types.JobEntry)))
}

// chunkWriter marks tasks of one job in order, and writes each chunk once.
type chunkWriter struct {
	k     *Keeper
	ctx   sdk.Context
	id    types.JobID
	index uint64
	chunk *types.Chunk
}

func (c *chunkWriter) mark(task uint64, accepted bool) error {
	if index := task / types.ChunkTasks; c.chunk == nil || index != c.index {
		if err := c.flush(); err != nil {
			return err
		}
		chunk, err := c.k.chunks.Get(c.ctx, collections.Join(c.id, index))
		if errors.Is(err, collections.ErrNotFound) {
			chunk, err = types.NewChunk(), nil
		}
		if err != nil {
			return err
		}
		c.index, c.chunk = index, &chunk
	}
	return c.chunk.Mark(task%types.ChunkTasks, accepted)
}

func (c *chunkWriter) flush() error {
	if c.chunk == nil {
		return nil
	}
	return c.k.chunks.Set(c.ctx, collections.Join(c.id, c.index), *c.chunk)
}

// market returns how a class stands as of the last fold.
func (k *Keeper) market(ctx context.Context, class string) (types.Market, error) {
	market, err := k.markets.Get(ctx, class)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Market{Class: class}, nil
	}
	return market, err
}
