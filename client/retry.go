package client

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Retry is a job that runs consecutive tasks of an ended array again.
type Retry struct {
	*Packed
	// First is the number of the first of these tasks in the ended array; it is task 0 of
	// the new job.
	First uint64
	// Dir is the folder of the new job, below that of the array.
	Dir string
}

// Retries returns the jobs that run again what an ended array has no accepted result of: the
// tasks of chunks that failed or expired, and tasks that were never opened. Each run of
// consecutive tasks is a job, with a drop box of its own and the rest of the spec unchanged.
// dir has the array's receipts, as FollowArray collects them. Nothing is signed or sent, and
// nothing is uploaded: the relay must still have the program and the inputs.
func (c *Client) Retries(ctx context.Context, state *State, dir string) ([]*Retry, error) {
	spec, err := state.JobSpec()
	if err != nil {
		return nil, err
	}
	if state.JobID == "" || !state.Array() {
		return nil, fmt.Errorf("expected the folder of an array that was posted, found %s; run a job of one task again with: thetad compute run", dir)
	}
	answer, err := c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: state.JobID})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", state.JobID, plain(err))
	}
	if !answer.Job.Ended() {
		return nil, fmt.Errorf("expected a job that has ended, found that job %s has not; wait for it with: thetad compute run --resume --wait", state.JobID)
	}
	log, err := openReceiptLog(dir)
	if err != nil {
		return nil, err
	}
	tree, err := proven.NewArray(state.JobID, log.receipts())
	if err == nil {
		err = tree.Check(&answer.Job)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; collect the receipts with: thetad compute fetch", err)
	}
	var retries []*Retry
	for _, r := range unaccepted(tree.Receipts(), answer.Job.Tasks) {
		packed, err := c.retryOf(spec, state.Relay, r)
		if err != nil {
			return nil, err
		}
		retries = append(retries, &Retry{Packed: packed, First: r.first, Dir: filepath.Join(dir, "retry-"+strconv.FormatUint(r.first, 10))})
	}
	return retries, nil
}

// taskRange is count consecutive tasks.
type taskRange struct{ first, count uint64 }

// unaccepted returns the longest ranges of tasks without an accepted result, in order.
func unaccepted(receipts []computetypes.Receipt, tasks uint64) []taskRange {
	var accepted []taskRange
	for i := range receipts {
		if receipts[i].Status == computetypes.CHUNK_STATUS_ACCEPTED {
			accepted = append(accepted, taskRange{receipts[i].Task, receipts[i].Tasks()})
		}
	}
	slices.SortFunc(accepted, func(a, b taskRange) int { return int(a.first) - int(b.first) }) //nolint:gosec // a million at most
	var out []taskRange
	next := uint64(0)
	for _, r := range append(accepted, taskRange{first: tasks}) {
		if r.first > next {
			out = append(out, taskRange{next, r.first - next})
		}
		next = r.first + r.count
	}
	return out
}

// retryOf packs a range of an array's tasks.
func (c *Client) retryOf(spec computetypes.JobSpec, relay string, r taskRange) (*Packed, error) {
	spec.FirstTask += r.first
	spec.Tasks = r.count
	spec.Sink = ""
	if spec.ChunkTasks = min(spec.ChunkTasks, r.count); spec.ChunkTasks == 1 {
		spec.ChunkTasks = 0
	}
	return PackSpec(spec, relay, "")
}
