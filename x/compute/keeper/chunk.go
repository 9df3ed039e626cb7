package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// load returns a task that has not ended, with all due transitions applied. It returns
// ErrJobNotFound, ErrTaskNotFound, ErrTaskNotOpen or ErrTaskEnded.
func (k *Keeper) load(ctx sdk.Context, params types.Params, jobID string, index uint64) (*round.Chunk, error) {
	id, err := types.ParseJobID(jobID)
	if err != nil {
		return nil, err
	}
	t, err := k.loadStored(ctx, params, id, index)
	if err != nil {
		return nil, err
	}
	return t, t.Advance()
}

// loadStored returns a task as it was last saved.
func (k *Keeper) loadStored(ctx sdk.Context, params types.Params, id types.JobID, index uint64) (*round.Chunk, error) {
	var shared context.Context = ctx
	job, err := k.Job(shared, id)
	if err != nil {
		return nil, err
	}
	record, err := k.chunks.Get(shared, collections.Join(id, index))
	if errors.Is(err, collections.ErrNotFound) {
		return nil, k.missingTask(shared, id, &job, index)
	}
	if err != nil {
		return nil, err
	}
	return round.Load(shared, &k.deps, params, id, job, record), nil
}

// chunkOf returns the index of the first task of the open chunk that contains a task, or the
// task's own index if there is none.
func (k *Keeper) chunkOf(ctx context.Context, id types.JobID, index uint64) (uint64, error) {
	iter, err := k.chunks.Iterate(ctx, collections.NewPrefixedPairRange[types.JobID, uint64](id).EndInclusive(index).Descending())
	if err != nil {
		return index, err
	}
	keys, err := take(iter, 1)
	if err != nil || len(keys) == 0 || keys[0].K2() == index {
		return index, err
	}
	chunk, err := k.chunks.Get(ctx, keys[0])
	if err == nil && index < chunk.Index+chunk.Count {
		return chunk.Index, nil
	}
	return index, err
}

// missingTask returns an error that says why a job does not have a chunk that begins with a
// task.
func (k *Keeper) missingTask(ctx context.Context, id types.JobID, job *types.Job, index uint64) error {
	first, err := k.chunkOf(ctx, id, index)
	switch {
	case err != nil:
		return err
	case first != index:
		return types.ErrTaskNotFound.Wrapf("task %d of job %s is in the chunk that begins with task %d; name that", index, job.Id, first)
	case index >= job.Tasks:
		return types.ErrTaskNotFound.Wrapf("job %s has tasks 0 to %d, found %d", job.Id, job.Tasks-1, index)
	case index < job.TasksOpened:
		return types.ErrTaskEnded.Wrapf("task %d of job %s; its receipt says how", index, job.Id)
	case job.TasksDropped > 0:
		return types.ErrTaskEnded.Wrapf("task %d of job %s was never opened: the job was cancelled or its lifetime is over", index, job.Id)
	default:
		return types.ErrTaskNotOpen.Wrapf("tasks of job %s are open up to %d, found %d; it opens when others have ended",
			job.Id, job.TasksOpened-1, index)
	}
}

// save stores a task, its index entries, and a note of what it changes of its job.
func (k *Keeper) save(t *round.Chunk) error {
	ctx, id := t.Context(), t.JobID()
	u := t.Update()
	index := u.Record.Index
	if err := k.reindex(ctx, id, index, u.Before, u.After); err != nil {
		return err
	}
	if err := k.addNote(ctx, id, index, u.Note); err != nil {
		return err
	}
	key := collections.Join(id, index)
	if u.Record.Ended() {
		return k.chunks.Remove(ctx, key)
	}
	if err := k.chunks.Set(ctx, key, u.Record); err != nil || u.Rest.Count == 0 {
		return err
	}
	return k.reopen(t, u.Rest)
}

// reopen opens the rest of a chunk, which its node has left to others, as a chunk of its own.
func (k *Keeper) reopen(t *round.Chunk, rest round.Span) error {
	ctx, id := t.Context(), t.JobID()
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	opened, err := round.Start(ctx, &k.deps, params, id, *t.Job(), rest)
	if err != nil {
		return err
	}
	if err := k.save(opened); err != nil {
		return err
	}
	t.AddChanges(opened)
	note := types.NewChunkNote()
	note.Opened = 1
	return k.addNote(ctx, id, rest.First, note)
}

// demand returns what a task requires of nodes in its current round.
func (k *Keeper) demand(t *round.Chunk) (types.Demand, error) {
	spec, err := k.specs.Get(t.Context(), t.JobID())
	if err != nil {
		return types.Demand{}, err
	}
	return t.Demand(&spec), nil
}
