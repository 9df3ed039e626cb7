package agent

import (
	"context"
	"errors"
	"time"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// scanBlocks is the most blocks that one look searches for receipts, and scanTime
	// how long it takes at most: a daemon that was down has some thousand to catch up.
	scanBlocks = 100
	scanTime   = 2 * time.Second
	// scanMargin is how far before the last height that a record knows of its task may
	// have ended: what was under way for it is noted a little longer.
	scanMargin = 200
	// scanBack is the most blocks that a daemon searches which has just been started;
	// its home says from where on.
	scanBack = 200_000
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
		if w.record.Phase == store.PhaseClaimed && !w.searched {
			continue // most were not drawn, which their task shows
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
		a.scanned, a.scannedFrom, a.unread = a.height, a.height, 0
		return nil
	}
	if a.scanned == 0 {
		a.scanned = max(lastSeen(gone)-scanMargin, a.height-scanBack, 0)
		a.scannedFrom = a.scanned
	}
	found := map[taskKey]computetypes.Receipt{}
	began := time.Now()
	for range scanBlocks {
		if a.scanned >= a.height || time.Since(began) > scanTime {
			break
		}
		receipts, err := a.cfg.Chain.EndedAt(ctx, a.scanned+1)
		if errors.Is(err, chain.ErrUnreachable) || ctx.Err() != nil {
			a.trouble("cannot read the results of a block", err)
			break
		}
		if err != nil {
			// The node keeps no results of that block: another try would not help.
			a.unread++
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

// search has blocks searched for the receipt of a claim whose task is gone, from the first
// on in which it may have ended.
func (a *Agent) search(w *assignment) {
	w.searched = true
	if from := max(lastSeen([]*assignment{w})-scanMargin, a.height-scanBack, 0); from < a.scanned {
		a.scanned, a.scannedFrom = from, from
	}
}

// lastSeen is the height after which all of these have ended: the least at which one of
// them was known to go on. No job is worked on before it was posted.
func lastSeen(gone []*assignment) int64 {
	var least int64
	for i, w := range gone {
		seen := w.record.Seen
		if id, err := computetypes.ParseJobID(w.record.JobID); err == nil {
			seen = max(seen, int64(id.Height)-1) //nolint:gosec // heights fit
		}
		if i == 0 || seen < least {
			least = seen
		}
	}
	return least
}
