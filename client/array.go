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

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ArrayResult is the result of an array.
type ArrayResult struct {
	// Job is the last state of the job.
	Job computetypes.Job
	// Fetched, Failed and Missing count the tasks: results that are on this machine, tasks
	// that ended without a result, and accepted results that the relay does not have.
	Fetched, Failed, Missing int
	// Paid is the pay of all nodes together, before the fee split.
	Paid sdk.Coin
	// FirstMissing says why the first missing result is not here.
	FirstMissing error
	// EndedHeight is the last height at which a task ended whose result is not here.
	EndedHeight int64
	// ExitCodes counts the results on this machine by the exit code of their program; -1
	// stands for programs that did not exit by themselves.
	ExitCodes map[int32]int
	// Remarks are unverified explanations of why programs failed, for the first few such
	// tasks.
	Remarks []Remark
	// Misstated are the chunks whose nodes have stated a false number of failed tasks, in order.
	Misstated []Misstated
}

// array is an array that the client follows.
type array struct {
	c     *Client
	state *State
	dir   string
	log   *receiptLog
	save  func(*State) error
	// missing are the accepted tasks whose results are not here, with the reasons.
	missing map[uint64]error
	fetched int
	// looked holds the first tasks of the chunks whose results were looked for.
	looked map[uint64]bool
	// away is the relay's error when it did not answer, and the time until which it is not
	// asked again. Otherwise each of many tasks would wait for it.
	away      error
	awayUntil time.Time
	remarks   []Remark
	misstated []Misstated
}

// relayPause is how long the client does not ask a relay that did not answer.
const relayPause = 30 * time.Second

// FollowArray reports each change of an array until it has ended. It downloads the result
// of each task when the task ends, into a folder below dir that is named by the task's
// number. It collects the receipts in ReceiptsFile and checks them against the root in the
// job's last state. An interrupted run continues with the same state and dir.
func (c *Client) FollowArray(ctx context.Context, state *State, dir string, save func(*State) error, report func(Progress)) (*ArrayResult, error) {
	log, err := openReceiptLog(dir)
	if err != nil {
		return nil, err
	}
	a := &array{c: c, state: state, dir: dir, log: log, save: save, missing: make(map[uint64]error), looked: make(map[uint64]bool)}
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

// look reads the job once and reads the blocks since the last look.
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

// scan notes the tasks that ended in blocks and downloads their results.
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

// fetch downloads those results of a chunk that are not here. It notes a failure and
// continues with the other tasks.
func (a *array) fetch(ctx context.Context, receipt computetypes.Receipt) {
	if receipt.Status != computetypes.CHUNK_STATUS_ACCEPTED {
		return
	}
	wanted := a.wanted(&receipt)
	if len(wanted) == 0 {
		return
	}
	if a.away != nil && time.Now().Before(a.awayUntil) {
		a.lack(&receipt, wanted, a.away)
		return
	}
	count := len(wanted)
	remarks, err := a.download(ctx, &receipt, wanted)
	a.away = nil
	var where *Absence
	if errors.As(err, &where) && where.Kind == AbsentRelay {
		a.away, a.awayUntil = err, time.Now().Add(relayPause)
	}
	a.fetched += count - len(wanted)
	a.lack(&receipt, wanted, err)
	if len(a.remarks) < failedRemarks {
		a.remarks = append(a.remarks, remarks[:min(len(remarks), failedRemarks-len(a.remarks))]...)
	}
}

// wanted returns the positions of a chunk's tasks whose results are not here. At the first
// look it checks the saved results and counts those that are here.
func (a *array) wanted(receipt *computetypes.Receipt) map[uint32]error {
	wanted := make(map[uint32]error)
	first := !a.looked[receipt.Task]
	a.looked[receipt.Task] = true
	index, indexErr := blob.Index{}, error(nil)
	if first && receipt.Tasks() > 1 {
		index, indexErr = readIndex(a.c.chainID, receipt, a.dir)
	}
	for p := range uint32(receipt.Tasks()) { //nolint:gosec // bounded by MaxChunkTasks
		task := receipt.Task + uint64(p)
		switch {
		case !first:
			if _, missing := a.missing[task]; missing {
				wanted[p] = nil
			}
		case indexErr == nil && a.here(receipt, index, p):
			a.fetched++
		default:
			wanted[p] = nil
		}
		delete(a.missing, task)
	}
	return wanted
}

// here reports whether the result of a task is saved.
func (a *array) here(receipt *computetypes.Receipt, index blob.Index, position uint32) bool {
	dir := taskFolder(a.dir, receipt.Task+uint64(position))
	if receipt.Tasks() == 1 {
		_, err := VerifyReceipt(a.c.chainID, receipt, dir)
		return err == nil
	}
	_, err := verifyLeaf(&index.Leaves[position], dir)
	return err == nil
}

// lack notes the wanted tasks of a chunk. err is the reason for those that do not have their
// own.
func (a *array) lack(receipt *computetypes.Receipt, wanted map[uint32]error, err error) {
	for p, why := range wanted {
		if why == nil {
			why = err
		}
		a.missing[receipt.Task+uint64(p)] = why
	}
}

// download downloads the wanted results of a chunk and removes those that are here from
// wanted.
func (a *array) download(ctx context.Context, receipt *computetypes.Receipt, wanted map[uint32]error) (remarks []Remark, err error) {
	if receipt.Tasks() > 1 {
		return a.c.fetchChunk(ctx, a.state, receipt, a.dir, wanted)
	}
	dir := taskFolder(a.dir, receipt.Task)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // results are the owner's to share
		return nil, err
	}
	var result *Result
	err = patientTransfer(ctx, func() (err error) {
		result, err = a.c.fetchReceipt(ctx, a.state, receipt, dir)
		return err
	})
	if err != nil {
		return nil, err
	}
	delete(wanted, 0)
	return result.Remarks, nil
}

// finish checks the receipts against the job's root and counts the results.
func (a *array) finish(ctx context.Context, job *computetypes.Job) (*ArrayResult, error) {
	tree, err := proven.NewArray(job.Id, a.log.receipts())
	if err == nil {
		err = tree.Check(job)
	}
	if err != nil {
		// The collected receipts are wrong or incomplete: the next run collects them again.
		a.state.Scanned = 0
		return nil, errors.Join(err, a.log.forget(), a.save(a.state))
	}
	for _, receipt := range tree.Receipts() {
		a.fetch(ctx, receipt)
	}
	result := &ArrayResult{Job: *job, Fetched: a.fetched, Missing: len(a.missing), Paid: paidBy(job, tree.Receipts())}
	result.Failed = int(job.Tasks - job.TasksAccepted) //nolint:gosec // a million at most
	for _, receipt := range tree.Receipts() {
		for p := range receipt.Tasks() {
			if err := a.missing[receipt.Task+p]; err != nil {
				result.EndedHeight = max(result.EndedHeight, receipt.Height)
				if result.FirstMissing == nil {
					result.FirstMissing = err
				}
			}
		}
	}
	a.remarkFailed(ctx, tree.Receipts())
	result.Remarks = a.remarks
	result.ExitCodes, err = a.writeTable(job)
	result.Misstated = a.misstated
	return result, err
}

// remarkFailed reads nodes' remarks about tasks that ended without a result.
func (a *array) remarkFailed(ctx context.Context, receipts []computetypes.Receipt) {
	for i, looked := 0, 0; i < len(receipts) && looked < failedRemarks && a.away == nil; i++ {
		if receipts[i].Status != computetypes.CHUNK_STATUS_FAILED || len(receipts[i].Outcomes) == 0 {
			continue
		}
		looked++
		a.remarks = append(a.remarks, a.c.Remarks(ctx, a.state, &receipts[i])...)
	}
}

// paidBy returns the sum of what nodes were paid.
func paidBy(job *computetypes.Job, receipts []computetypes.Receipt) sdk.Coin {
	total := math.ZeroInt()
	for _, receipt := range receipts {
		for _, outcome := range receipt.Outcomes {
			total = total.Add(outcome.Paid)
		}
	}
	return sdk.Coin{Denom: job.Reward.Denom, Amount: total}
}

// taskFolder returns the folder of a task's result.
func taskFolder(dir string, task uint64) string {
	return filepath.Join(dir, strconv.FormatUint(task, 10))
}

// VerifyArray checks the saved results of an array against the record of the job: the
// receipts in dir against its root, and each accepted task's files against its receipt. It
// returns the number of tasks that it has checked. The error wraps ErrMismatch or
// proven.ErrProof and names the first task that differs.
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
		if receipt.Status != computetypes.CHUNK_STATUS_ACCEPTED {
			continue
		}
		n, err := verifyChunk(chainID, &receipt, dir)
		checked += n
		if err != nil {
			return checked, err
		}
	}
	return checked, nil
}

// verifyChunk checks the saved results of a chunk against its receipt and returns how many
// are right before the first that differs.
func verifyChunk(chainID string, receipt *computetypes.Receipt, dir string) (checked int, err error) {
	if receipt.Tasks() == 1 {
		if _, err := VerifyReceipt(chainID, receipt, taskFolder(dir, receipt.Task)); err != nil {
			return 0, fmt.Errorf("task %d: %w", receipt.Task, err)
		}
		return 1, nil
	}
	index, err := readIndex(chainID, receipt, dir)
	if err != nil {
		return 0, err
	}
	for p := range index.Leaves {
		task := receipt.Task + uint64(p) //nolint:gosec // not negative
		if _, err := verifyLeaf(&index.Leaves[p], taskFolder(dir, task)); err != nil {
			return p, fmt.Errorf("task %d: %w", task, err)
		}
	}
	return len(index.Leaves), nil
}
