package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/compute/types"
)

// noteEntry is a note with its key.
type noteEntry struct {
	id    types.JobID
	index uint64
	note  types.ChunkNote
}

// addNote notes what a task changes of its job. Each task of a job has its own key, so that
// tasks of one job do not access the same key.
func (k *Keeper) addNote(ctx context.Context, id types.JobID, index uint64, note types.ChunkNote) error {
	if note.Empty() {
		return nil
	}
	key := collections.Join(id, index)
	earlier, err := k.notes.Get(ctx, key)
	switch {
	case err == nil:
		note = earlier.Merge(note)
	case !errors.Is(err, collections.ErrNotFound):
		return err
	}
	return k.notes.Set(ctx, key, note)
}

// takeNotes returns the block's notes, ordered by job and task, and removes them, so that no
// note counts twice before the transient store is reset.
func (k *Keeper) takeNotes(ctx context.Context) ([]noteEntry, error) {
	var entries []noteEntry
	err := k.notes.Walk(ctx, nil, func(key taskKey, note types.ChunkNote) (bool, error) {
		entries = append(entries, noteEntry{id: key.K1(), index: key.K2(), note: note})
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := k.notes.Remove(ctx, collections.Join(e.id, e.index)); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// postedTasks contains the number of tasks that a block has posted for a job.
type postedTasks struct {
	class string
	id    types.JobID
	tasks int64
}

// notePosted notes, until the block's end, that a job has got this many new tasks.
func (k *Keeper) notePosted(ctx context.Context, class string, id types.JobID, tasks uint64) error {
	key := collections.Join(class, id)
	earlier, err := k.posted.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	return k.posted.Set(ctx, key, earlier+tasks)
}

// takePosted returns the tasks that the block has posted, and removes them from the transient
// store.
func (k *Keeper) takePosted(ctx context.Context) ([]postedTasks, error) {
	var all []postedTasks
	err := k.posted.Walk(ctx, nil, func(key postedKey, tasks uint64) (bool, error) {
		all = append(all, postedTasks{class: key.K1(), id: key.K2(), tasks: int64(tasks)})
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if err := k.posted.Remove(ctx, collections.Join(p.class, p.id)); err != nil {
			return nil, err
		}
	}
	return all, nil
}
