package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ArrayResult is what came of an array.
type ArrayResult struct {
	// Job is its last state.
	Job computetypes.Job
	// Fetched, Failed and Missing count its tasks: results that are here, tasks that
	// ended without one, and accepted results that the relay does not have.
	Fetched, Failed, Missing int
	// Paid is what all nodes together were paid, fee split included.
	Paid sdk.Coin
	// FirstMissing says why the first of those is not here.
	FirstMissing error
	// EndedHeight is the last one at which a task ended whose result is not here.
	EndedHeight int64
	// Remarks say, unchecked, why programs failed: those of the first few such tasks.
	Remarks []Remark
}

// array is one that is being followed.
type array struct {
	c     *Client
	state *State
	dir   string
	log   *receiptLog
	save  func(*State) error
	// missing are accepted tasks whose results are not here, with the reason.
	missing map[uint64]error
	fetched int
	// away says that the relay did not answer, and until when it is not asked again: with
	// many tasks each would wait for it.
	away      error
	awayUntil time.Time
	remarks   []Remark
}

// relayPause is how long a relay that does not answer is left alone.
const relayPause = 30 * time.Second

// FollowArray reports each change of an array until it has ended, and fetches the
// result of each task as it ends into a folder below dir, named by the task's
// number. The receipts gather in ReceiptsFile, and are checked against the root in
// the job's last state. A run that is cut off goes on with the same state and dir.
func (c *Client) FollowArray(ctx context.Context, state *State, dir string, save func(*State) error, report func(Progress)) (*ArrayResult, error) {
	log, err := openReceiptLog(dir)
	if err != nil {
		return nil, err
	}
	a := &array{c: c, state: state, dir: dir, log: log, save: save, missing: make(map[uint64]error)}
	for _, receipt := range log.receipts() {
		a.fetch(ctx, receipt)
	}
	tell, quiet := once(report), quiet{client: c, jobID: state.JobID}
	for {
		job, err := a.look(ctx)
		switch {
		case err == nil && job.Ended() && a.state.Scanned >= job.ClosedHeight:
			tell(progressOfArray(*job))
			return a.finish(ctx, job)
		case err == nil:
			tell(quiet.explained(ctx, progressOfArray(*job), log.firstMissing))
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case unreachable(err):
			tell(Progress{Stage: StageOffline})
		default:
			return nil, fmt.Errorf("job %s: %w", state.JobID, plain(err))
		}
		if err := c.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// look asks for the job once and goes through the blocks since the last time.
func (a *array) look(ctx context.Context) (*computetypes.Job, error) {
	height, err := a.c.Height(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := a.c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: a.state.JobID})
	if err != nil {
		return nil, err
	}
	job := &answer.Job
	if job.Ended() {
		height = job.ClosedHeight
	}
	return job, a.scan(ctx, max(a.state.Scanned+1, job.PostedHeight), height)
}

// scan notes and fetches what ended in blocks.
func (a *array) scan(ctx context.Context, from, to int64) error {
	for height := from; height <= to; height++ {
		ended, err := a.c.Receipts(ctx, height)
		if err != nil {
			return err
		}
		own := slices.DeleteFunc(ended, func(r computetypes.Receipt) bool { return r.JobId != a.state.JobID })
		if err := a.log.add(own); err != nil {
			return err
		}
		for _, receipt := range own {
			a.fetch(ctx, receipt)
		}
		a.state.Scanned = height
		if len(own) > 0 || height == to {
			if err := a.save(a.state); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch brings a task's result here; a failure is noted and does not stop the rest.
func (a *array) fetch(ctx context.Context, receipt computetypes.Receipt) {
	if receipt.Status != computetypes.TASK_STATUS_ACCEPTED {
		return
	}
	dir := taskFolder(a.dir, receipt.Task)
	if _, err := VerifyReceipt(a.c.chainID, &receipt, dir); err == nil {
		a.fetched++
		return
	}
	if a.away != nil && time.Now().Before(a.awayUntil) {
		a.missing[receipt.Task] = a.away
		return
	}
	var result *Result
	err := os.MkdirAll(dir, 0o755) //nolint:gosec // results are the owner's to share
	if err == nil {
		err = patientTransfer(ctx, func() (err error) {
			result, err = a.c.fetchReceipt(ctx, a.state, &receipt, dir)
			return err
		})
	}
	a.away = nil
	if err != nil {
		a.missing[receipt.Task] = err
		var where *Absence
		if errors.As(err, &where) && where.Kind == AbsentRelay {
			a.away, a.awayUntil = err, time.Now().Add(relayPause)
		}
		return
	}
	delete(a.missing, receipt.Task)
	a.fetched++
	if len(a.remarks) < failedRemarks {
		a.remarks = append(a.remarks, result.Remarks...)
	}
}

// finish checks the receipts against the job's root and counts.
func (a *array) finish(ctx context.Context, job *computetypes.Job) (*ArrayResult, error) {
	tree, err := proven.NewArray(job.Id, a.log.receipts())
	if err == nil {
		err = tree.Check(job)
	}
	if err != nil {
		// What was gathered is wrong or not whole: the next run gathers it anew.
		a.state.Scanned = 0
		return nil, errors.Join(err, a.log.forget(), a.save(a.state))
	}
	for _, receipt := range tree.Receipts() {
		if _, missing := a.missing[receipt.Task]; missing {
			a.fetch(ctx, receipt)
		}
	}
	result := &ArrayResult{Job: *job, Fetched: a.fetched, Missing: len(a.missing), Paid: paidBy(job, tree.Receipts())}
	result.Failed = int(job.Tasks - job.TasksAccepted) //nolint:gosec // a million at most
	for _, receipt := range tree.Receipts() {
		if err := a.missing[receipt.Task]; err != nil {
			result.EndedHeight = max(result.EndedHeight, receipt.Height)
			if result.FirstMissing == nil {
				result.FirstMissing = err
			}
		}
	}
	a.remarkFailed(ctx, tree.Receipts())
	result.Remarks = a.remarks
	return result, nil
}

// remarkFailed looks for what nodes say of tasks that ended without a result.
func (a *array) remarkFailed(ctx context.Context, receipts []computetypes.Receipt) {
	for i, looked := 0, 0; i < len(receipts) && looked < failedRemarks && a.away == nil; i++ {
		if receipts[i].Status != computetypes.TASK_STATUS_FAILED || len(receipts[i].Outcomes) == 0 {
			continue
		}
		looked++
		a.remarks = append(a.remarks, a.c.Remarks(ctx, a.state, &receipts[i])...)
	}
}

// paidBy sums what nodes were paid.
func paidBy(job *computetypes.Job, receipts []computetypes.Receipt) sdk.Coin {
	total := math.ZeroInt()
	for _, receipt := range receipts {
		for _, outcome := range receipt.Outcomes {
			total = total.Add(outcome.Paid)
		}
	}
	return sdk.Coin{Denom: job.Reward.Denom, Amount: total}
}

// taskFolder is where the result of a task lies.
func taskFolder(dir string, task uint64) string {
	return filepath.Join(dir, strconv.FormatUint(task, 10))
}

// VerifyArray checks the saved results of an array against the record of the job:
// the receipts in dir against its root, and each accepted task's files against its
// receipt. It returns how many tasks it has checked; the error wraps ErrMismatch
// or proven.ErrProof and names the first that differs.
func VerifyArray(chainID string, job *computetypes.Job, dir string) (int, error) {
	log, err := openReceiptLog(dir)
	if err != nil {
		return 0, err
	}
	tree, err := proven.NewArray(job.Id, log.receipts())
	if err == nil {
		err = tree.Check(job)
	}
	if err != nil {
		return 0, err
	}
	checked := 0
	for _, receipt := range tree.Receipts() {
		if receipt.Status != computetypes.TASK_STATUS_ACCEPTED {
			continue
		}
		if _, err := VerifyReceipt(chainID, &receipt, taskFolder(dir, receipt.Task)); err != nil {
			return checked, fmt.Errorf("task %d: %w", receipt.Task, err)
		}
		checked++
	}
	return checked, nil
}
