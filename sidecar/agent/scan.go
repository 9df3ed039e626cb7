package agent

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// scanBlocks is the largest number of blocks that are searched for receipts at a time, and
	// scanTime is the longest time for that. A daemon that was down may have to search several
	// thousand blocks.
	scanBlocks = 100
	scanTime   = 2 * time.Second
	// scanMargin says how many blocks before a record's last known height its task may have
	// ended. After a task has ended, the record may still be updated with what was on its way.
	scanMargin = 200
	// scanBack is the largest number of blocks that a daemon searches after it has started.
	// The records in its home folder say where the search begins.
	scanBack = 200_000
)

// taskKey identifies a task.
type taskKey struct {
	jobID string
	task  uint64
}

// receipts is the state of the search for receipts in blocks.
type receipts struct {
	// scanned is the height up to which blocks were searched, from is where the search began,
	// and unread is the number of blocks that the node could not show.
	scanned, from int64
	unread        int
	// found contains receipts of assignments that have not ended here yet.
	found map[taskKey]computetypes.Receipt
}

// caughtUp records that the blocks up to a height do not have to be searched.
func (r *receipts) caughtUp(height int64) { *r = receipts{scanned: height, from: height} }

// begin starts a search at the first block in which these assignments may have ended, if no
// search has started.
func (r *receipts) begin(gone []*assignment, height int64) {
	if r.scanned == 0 {
		r.scanned = firstToScan(gone, height)
		r.from = r.scanned
	}
}

// keep returns the receipts that were found, without those that are not missing any more.
func (r *receipts) keep(missing map[taskKey]bool) map[taskKey]computetypes.Receipt {
	if r.found == nil {
		r.found = map[taskKey]computetypes.Receipt{}
	}
	maps.DeleteFunc(r.found, func(key taskKey, _ computetypes.Receipt) bool { return !missing[key] })
	return r.found
}

// goBack makes the search include all blocks that may contain the receipt of a claim whose
// task is gone.
func (r *receipts) goBack(w *assignment, height int64) {
	w.searched = true
	if from := firstToScan([]*assignment{w}, height); from < r.scanned {
		r.scanned, r.from = from, from
	}
}

// firstToScan returns the height after which blocks are searched for these assignments.
func firstToScan(gone []*assignment, height int64) int64 {
	return max(lastSeen(gone)-scanMargin, height-scanBack, 0)
}

// endedTasks searches the blocks since the last search for receipts of tasks of arrays that
// the chain no longer lists, because the state does not keep those receipts. While the chain
// lists all of them, none has ended, and no block is read.
func (a *Agent) endedTasks(ctx context.Context, gone []*assignment) map[taskKey]computetypes.Receipt {
	missing := map[taskKey]bool{}
	for _, w := range gone {
		if w.record.Phase == store.PhaseClaimed && !w.searched {
			continue // most claims were not drawn; their task shows that
		}
		if !a.jobs[w.record.JobID].array() {
			// The job may have been topped up since it was read.
			delete(a.jobs, w.record.JobID)
		}
		j, err := a.jobs.read(ctx, a.cfg.Chain, w.record.JobID)
		if err != nil && !errors.Is(err, chain.ErrNotFound) {
			a.trouble("cannot read job "+w.record.JobID, err)
			return nil
		}
		if j.array() {
			missing[taskKey{w.record.JobID, w.record.Task}] = true
		}
	}
	if len(missing) == 0 {
		a.receipts.caughtUp(a.view.height)
		return nil
	}
	a.receipts.begin(gone, a.view.height)
	found := a.receipts.keep(missing)
	began := time.Now()
	for range scanBlocks {
		if a.receipts.scanned >= a.view.height || time.Since(began) > scanTime {
			break
		}
		receipts, err := a.cfg.Chain.EndedAt(ctx, a.receipts.scanned+1)
		if errors.Is(err, chain.ErrUnreachable) || ctx.Err() != nil {
			a.trouble("cannot read the results of a block", err)
			break
		}
		if err != nil {
			// The node does not keep the results of that block. Another try would not help.
			a.receipts.unread++
			a.trouble("cannot read the results of a block", err)
		}
		a.receipts.scanned++
		for _, r := range receipts {
			if key := (taskKey{r.JobId, r.Task}); missing[key] {
				found[key] = r
			}
		}
	}
	return found
}

// lastSeen returns the height after which all of these assignments have ended: the lowest
// height at which one of them was known to continue. An assignment cannot end before its job
// was posted.
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
