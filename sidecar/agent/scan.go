package agent

import (
	"context"
	"errors"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// scanBlocks is the most blocks that one look searches for receipts.
	scanBlocks = 20
	// scanBack is how far back a daemon searches that has just been started.
	scanBack = 200
)

// taskKey names a task.
type taskKey struct {
	jobID string
	task  uint64
}

// endedTasks searches the blocks since the last look for the receipts of tasks of
// arrays that the chain has stopped listing: the state keeps none of those. While
// all are listed nothing has ended, and no block is read.
func (a *Agent) endedTasks(ctx context.Context, gone []*assignment) map[taskKey]computetypes.Receipt {
	missing := map[taskKey]bool{}
	for _, w := range gone {
		if w.record.Phase == store.PhaseClaimed {
			continue
		}
		if !a.jobs[w.record.JobID].array() {
			// It may have been topped up since it was read.
			delete(a.jobs, w.record.JobID)
		}
		j, err := a.job(ctx, w.record.JobID)
		if err != nil && !errors.Is(err, chain.ErrNotFound) {
			a.trouble("cannot read job "+w.record.JobID, err)
			return nil
		}
		if j.array() {
			missing[taskKey{w.record.JobID, w.record.Task}] = true
		}
	}
	if len(missing) == 0 {
		a.scanned = a.height
		return nil
	}
	if a.scanned == 0 {
		a.scanned = max(a.height-scanBack, 0)
	}
	found := map[taskKey]computetypes.Receipt{}
	for range scanBlocks {
		if a.scanned >= a.height {
			break
		}
		receipts, err := a.cfg.Chain.EndedAt(ctx, a.scanned+1)
		if errors.Is(err, chain.ErrUnreachable) || ctx.Err() != nil {
			a.trouble("cannot read the results of a block", err)
			break
		}
		if err != nil {
			// The node keeps no results of that block: another would not help.
			a.trouble("cannot read the results of a block", err)
		}
		a.scanned++
		for _, r := range receipts {
			if key := (taskKey{r.JobId, r.Task}); missing[key] {
				found[key] = r
			}
		}
	}
	return found
}
