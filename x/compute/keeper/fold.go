package keeper

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// fold applies the changes that the block's tasks made to their jobs. It writes each job and
// each market once, however many of their tasks changed. It folds all jobs together; if that
// fails, it folds them one by one, so that a faulty job does not hold up the others.
func (k *Keeper) fold(ctx sdk.Context, params types.Params) error {
	if err := k.foldPosted(ctx); err != nil {
		return err
	}
	entries, err := k.takeNotes(ctx)
	if err != nil || len(entries) == 0 {
		return err
	}
	jobs := byJob(entries)
	if k.isolated(ctx, "folding all jobs at once", func(ctx sdk.Context) error {
		return k.foldJobs(ctx, params, jobs)
	}) {
		return nil
	}
	for i, notes := range jobs {
		k.isolated(ctx, "folding job "+notes[0].id.String(), func(ctx sdk.Context) error {
			return k.foldJobs(ctx, params, jobs[i:i+1])
		})
	}
	return nil
}

// foldPosted counts the tasks that the block has posted. Their jobs do not change.
func (k *Keeper) foldPosted(ctx sdk.Context) error {
	posted, err := k.takePosted(ctx)
	if err != nil || len(posted) == 0 {
		return err
	}
	k.isolated(ctx, "counting what was posted", func(ctx sdk.Context) error {
		markets := newMarketWriter(ctx, k)
		for _, p := range posted {
			market, err := markets.of(p.class)
			if err != nil {
				return err
			}
			market.Count(p.tasks, 0)
		}
		return markets.flush()
	})
	return nil
}

// byJob splits notes, which are ordered by job, into one slice per job.
func byJob(entries []noteEntry) [][]noteEntry {
	var jobs [][]noteEntry
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].id == entries[0].id {
			n++
		}
		jobs = append(jobs, entries[:n])
		entries = entries[n:]
	}
	return jobs
}

// foldJobs folds the notes of jobs into the jobs and their markets.
func (k *Keeper) foldJobs(ctx sdk.Context, params types.Params, jobs [][]noteEntry) error {
	markets, energy := newMarketWriter(ctx, k), newEnergyWriter(ctx, k)
	for _, notes := range jobs {
		class, err := k.foldJob(ctx, params, notes, markets)
		if err != nil {
			return err
		}
		for _, e := range notes {
			if err := energy.add(class, e.note.Energy); err != nil {
				return err
			}
		}
	}
	if err := markets.flush(); err != nil {
		return err
	}
	return energy.flush()
}

// foldJob counts the notes of one job, and then refunds or closes it, or queues it to unroll
// further tasks. It returns the class of the job.
func (k *Keeper) foldJob(ctx sdk.Context, params types.Params, notes []noteEntry, markets *marketWriter) (string, error) {
	id := notes[0].id
	job, err := k.Job(ctx, id)
	if err != nil {
		return "", err
	}
	stored, err := job.Marshal()
	if err != nil {
		return "", err
	}
	market, err := markets.of(job.Class)
	if err != nil {
		return "", err
	}
	bits := bitsWriter{k: k, ctx: ctx, id: id}
	last := types.CHUNK_STATUS_UNSPECIFIED
	tasks, held, moved := int64(0), int64(0), false
	returned, used := math.ZeroInt(), math.ZeroInt() // of what a grant has encumbered
	for _, e := range notes {
		tasks, held = tasks+e.note.Posted, held+e.note.Held
		moved = moved || e.note.Started || e.note.Ended != types.CHUNK_STATUS_UNSPECIFIED
		job.CountOpened(e.note.Opened)
		if e.note.Started || e.note.Idle {
			job.CountStarted()
		}
		if e.note.Started && job.Status == types.JOB_STATUS_OPEN {
			if err := job.MoveTo(types.JOB_STATUS_RUNNING); err != nil {
				return "", err
			}
		}
		job.Reserved = job.Reserved.Sub(e.note.Spent)
		if e.note.Ended == types.CHUNK_STATUS_UNSPECIFIED {
			continue
		}
		last = e.note.Ended
		tasks -= int64(e.note.Count)
		returned, used = returned.Add(job.EncumbranceOf(e.note.Count).Sub(e.note.Granted)), used.Add(e.note.Granted)
		accepted := last == types.CHUNK_STATUS_ACCEPTED
		job.CountEnded(e.note.Count, accepted, e.note.Leaf)
		if accepted && job.Policy.Kind != types.POLICY_KIND_TRUST && job.Grant == nil {
			market.Settle(job.Reward, params.PriceWeightBps)
		}
		if job.Tasks > 1 {
			if err := bits.mark(e.index, e.note.Count, accepted); err != nil {
				return "", err
			}
		}
	}
	if err := bits.flush(); err != nil {
		return "", err
	}
	market.Count(tasks, held)
	if job.Grant != nil && (!returned.IsZero() || !used.IsZero()) {
		if err := k.rewards.ReleaseGrant(ctx, job.Grant, returned, used); err != nil {
			return "", err
		}
	}
	if err := k.followUp(ctx, params, id, &job, moved, last); err != nil {
		return "", err
	}
	return job.Class, k.setChanged(ctx, id, job, stored)
}

// setChanged stores a job if it differs from the stored one: most blocks in which a task
// changes do not change its job.
func (k *Keeper) setChanged(ctx context.Context, id types.JobID, job types.Job, stored []byte) error {
	encoded, err := job.Marshal()
	if err != nil || bytes.Equal(encoded, stored) {
		return err
	}
	return k.jobs.Set(ctx, id, job)
}

// followUp acts on the new counts. moved reports whether a task has found a node or ended;
// last is the status of the last task that ended.
func (k *Keeper) followUp(
	ctx sdk.Context, params types.Params, id types.JobID, job *types.Job, moved bool, last types.ChunkStatus,
) error {
	switch {
	case job.TasksEnded == job.Tasks:
		return k.tryClose(ctx, params, id, job, last)
	case last == types.CHUNK_STATUS_CANCELLED && !job.Cancelled: // its grant was revoked
		k.tryRefund(ctx, job)
		return k.queueJob(ctx, id, job, ctx.BlockHeight()+1)
	case job.TasksDropped > 0 || job.Cancelled:
		k.tryRefund(ctx, job)
		return nil
	case job.Pending() > 0 && moved:
		return k.queueJob(ctx, id, job, ctx.BlockHeight()+1)
	default:
		return nil
	}
}

// queueJob moves a job to the height at which it is next due. Height 0 means never.
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
