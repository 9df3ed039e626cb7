package bench

import (
	"fmt"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// backlogDeadline is the height after which everything of a backlog is due. The first
	// blocks of a world are before it.
	backlogDeadline = 10
	// backlogSends is the number of sends in each block while a backlog drains.
	backlogSends = 50
	// maxBacklogBlocks is far more than a backlog needs if it drains at all.
	maxBacklogBlocks = 10_000
)

// queue times blocks whose queue is full of missed commit deadlines: for every due task,
// three nodes pay a fee each and a new draw starts.
func (r *runner) queue(report *Report) error {
	items, blocks := r.scale.Queue, r.scale.QueueBlocks
	r.progress("%d tasks that are due, %d of them in a block", items*blocks, items)
	report.QueueItemsPerBlock = items
	s := setup{
		executor: serverconfig.BlockExecutorSequential, nodes: r.scale.Sizes[0], queue: uint32(items), //nolint:gosec // a few hundred
		live: live{jobs: items * blocks, deadline: backlogDeadline},
	}
	return r.inWorld(s, func(w *world) error {
		if err := w.reach(backlogDeadline); err != nil {
			return err
		}
		w.label = "queue"
		var took []float64
		for range blocks {
			before := w.store.ops()
			_, spent, err := w.profiled(nil)
			if err != nil {
				return err
			}
			if writes := opsSince(before, w.store.ops())["compute"].Writes; writes < float64(items) {
				return fmt.Errorf("expected a block to advance %d tasks, found %.0f writes", items, writes)
			}
			took = append(took, milliseconds(spent.wall))
		}
		report.QueueBlockMS = newStat(took)
		return nil
	})
}

// backlog makes hundreds of thousands of tasks and leases due at one height, and times every
// block until all of them have been processed. The tasks end: three nodes pay a fee each,
// some of them are jailed, and the requester is refunded.
func (r *runner) backlog(report *Report) error {
	items := r.scale.Backlog
	r.progress("a backlog of %d expired tasks and as many leases: loading", items)
	report.BacklogItems = items
	s := setup{
		executor: serverconfig.BlockExecutorSequential, nodes: items, leaseEnd: backlogDeadline,
		live: live{jobs: items, deadline: backlogDeadline, expired: true},
	}
	return r.inWorld(s, func(w *world) error {
		if err := w.reach(backlogDeadline); err != nil {
			return err
		}
		r.progress("a backlog of %d expired tasks and as many leases: draining", items)
		w.label = "backlog"
		var took []float64
		for left := true; left; {
			if len(took) == maxBacklogBlocks {
				return fmt.Errorf("expected a backlog of %d to drain within %d blocks", items, maxBacklogBlocks)
			}
			spent, _, err := w.sends(backlogSends)
			if err != nil {
				return err
			}
			took = append(took, milliseconds(spent.wall))
			if left, err = w.overdue(items); err != nil {
				return err
			}
		}
		report.BacklogBlockMS, report.BacklogBlocks = newStat(took), len(took)
		return nil
	})
}

// reach runs empty blocks up to a height.
func (w *world) reach(height int64) error {
	if w.height > height {
		return fmt.Errorf("expected a height up to %d, found %d", height, w.height)
	}
	for w.height < height {
		if _, _, err := w.profiled(nil); err != nil {
			return err
		}
	}
	return nil
}

// overdue reports whether a part of a backlog is left. Both queues are sorted: the last job's
// task and the lease of the highest address come last.
func (w *world) overdue(items int) (bool, error) {
	ctx, err := w.ctx()
	if err != nil {
		return false, err
	}
	job, err := w.app.ComputeKeeper.Job(ctx, liveJob(items-1))
	if err != nil || !job.Ended() {
		return true, err
	}
	node, err := w.app.EdgenodeKeeper.Node(ctx, w.people.highest().address)
	if err != nil || node.State.Status == edgenodetypes.NODE_STATUS_ACTIVE {
		return true, err
	}
	for i := range items {
		if job, err = w.app.ComputeKeeper.Job(ctx, liveJob(i)); err != nil {
			return false, err
		}
		if job.Status != computetypes.JOB_STATUS_EXPIRED {
			return false, fmt.Errorf("job %s: expected it expired, found it %s", job.Id, job.Status)
		}
	}
	return false, nil
}
