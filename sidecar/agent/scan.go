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

// receipts are where the agent stands with the search of blocks for receipts.
type receipts struct {
	// scanned is the height up to which blocks were searched, from where the search began,
	// and unread how many blocks the node could not show.
	scanned, from int64
	unread        int
}

// caughtUp notes that nothing has to be searched for up to a height.
func (r *receipts) caughtUp(height int64) { *r = receipts{scanned: height, from: height} }

// begin has blocks searched from the first on in which these may have ended, if none were
// searched before.
func (r *receipts) begin(gone []*assignment, height int64) {
	if r.scanned == 0 {
		r.scanned = firstToScan(gone, height)
		r.from = r.scanned
	}
}

// goBack has blocks searched for the receipt of a claim whose task is gone, from the first
// on in which it may have ended.
func (r *receipts) goBack(w *assignment, height int64) {
	w.searched = true
	if from := firstToScan([]*assignment{w}, height); from < r.scanned {
		r.scanned, r.from = from, from
	}
}

// firstToScan is the height after which blocks at a height are searched for these.
func firstToScan(gone []*assignment, height int64) int64 {
	return max(lastSeen(gone)-scanMargin, height-scanBack, 0)
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
	found := map[taskKey]computetypes.Receipt{}
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
			// The node keeps no results of that block: another try would not help.
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
