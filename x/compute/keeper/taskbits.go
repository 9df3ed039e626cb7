package keeper

import (
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// bitsWriter marks tasks of one job in order and writes each record of bits once.
type bitsWriter struct {
	k     *Keeper
	ctx   sdk.Context
	id    types.JobID
	index uint64
	bits  *types.TaskBits
}

// mark marks count tasks from first on as ended.
func (w *bitsWriter) mark(first, count uint64, accepted bool) error {
	for task, end := first, first+count; task < end; {
		if err := w.load(task / types.TaskBitsLen); err != nil {
			return err
		}
		n := task % types.TaskBitsLen
		here := min(end-task, types.TaskBitsLen-n)
		if err := w.bits.MarkAll(n, here, accepted); err != nil {
			return err
		}
		task += here
	}
	return nil
}

// load makes the bits with this number the current ones, and writes the previous ones.
func (w *bitsWriter) load(index uint64) error {
	if w.bits != nil && index == w.index {
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	bits, err := w.k.taskBits.Get(w.ctx, collections.Join(w.id, index))
	if errors.Is(err, collections.ErrNotFound) {
		bits, err = types.NewTaskBits(), nil
	}
	if err != nil {
		return err
	}
	w.index, w.bits = index, &bits
	return nil
}

func (w *bitsWriter) flush() error {
	if w.bits == nil {
		return nil
	}
	return w.k.taskBits.Set(w.ctx, collections.Join(w.id, w.index), *w.bits)
}
