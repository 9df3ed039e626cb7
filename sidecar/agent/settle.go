package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// slack is the number of blocks that the outcome of a draw, or the receipt of a task that
	// has ended, may take to become visible.
	slack = 3
	// receiptPatience is the number of blocks for which the agent waits for a verdict. If it
	// takes longer, the receipt has already been pruned.
	receiptPatience = 20_000
	// arrayPatience is the same for tasks of arrays, whose receipts are only in the events of
	// blocks. It applies once all blocks have been searched.
	arrayPatience = 2_000
)

// errUndrawn means that the chain shows how the draw or its task ended, and that this node did
// not have a seat.
var errUndrawn = errors.New("not drawn")

// unlisted handles an assignment that the chain does not list, because the node was not drawn
// or the assignment has ended. ended contains receipts that were found in blocks. How the
// assignment ended is always read from the chain, whatever the journal contains, because a
// claim may have been drawn and have missed its deadline while this daemon was down. Nothing ends
// here because one node says so.
func (a *Agent) unlisted(ctx context.Context, w *assignment, ended map[taskKey]computetypes.Receipt) {
	record := w.record
	// The chain closes a draw earlier than a node may say.
	closes := min(record.Deadlines.Claim, record.Seen+maxDrawBlocks)
	if record.Phase == store.PhaseClaimed && (a.outbox.sending || a.view.height <= closes+slack) {
		return
	}
	if w.goneSince == 0 {
		w.goneSince = a.view.height
	}
	if !a.gone(w) {
		return // the node may hide it
	}
	if a.view.height > w.goneSince+slack {
		w.cancel()
	}
	verdict, err := a.verdict(ctx, w, ended)
	if err == nil && verdict.Accepted {
		err = a.nameSink(ctx, w)
	}
	switch {
	case err == nil:
		a.settle(w, verdict)
	case errors.Is(err, errUndrawn):
		a.finish(w, store.PhaseReleased, func(r *store.Assignment) { r.LastError = errUndrawn.Error() })
		a.metrics.undrawn.Inc()
	case !errors.Is(err, chain.ErrNotFound):
		a.trouble("cannot read how "+record.Key.String()+" ended", err)
	case record.Phase == store.PhaseClaimed && !w.searched:
		a.receipts.goBack(w, a.view.height)
	case a.outOfPatience(w):
		reason := a.unknownEnd(record)
		a.finish(w, store.PhaseFailed, func(r *store.Assignment) { r.LastError, r.Unknown = joinReasons(r.LastError, reason), true })
		a.metrics.settled.WithLabelValues(unknown).Inc()
	}
}

// nameSink records the sink of an accepted result if the record is older than the version that
// stores sinks. The assignment ends now, and the delivery continues.
func (a *Agent) nameSink(ctx context.Context, w *assignment) error {
	if w.record.Sink != "" || w.record.Delivered || len(w.record.ResultDigest) == 0 || len(w.record.Samples) > 0 {
		return nil
	}
	j, err := a.jobs.read(ctx, a.cfg.Chain, w.record.JobID)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return nil // the sink cannot be found out any more
	case err != nil || j.spec.Sink == "":
		return err
	}
	a.edit(w, func(r *store.Assignment) { r.Sink = computetypes.TaskSink(j.spec.Sink, r.Task) })
	return a.fatal
}

// outOfPatience reports whether the chain will not show any more how an assignment ended.
func (a *Agent) outOfPatience(w *assignment) bool {
	if a.jobs[w.record.JobID].array() {
		return a.receipts.scanned >= a.view.height && a.view.height > w.goneSince+arrayPatience
	}
	return a.view.height > w.goneSince+receiptPatience
}

// unknownEnd explains what could not be found out and where the owner may find it.
func (a *Agent) unknownEnd(record store.Assignment) string {
	why := "the chain shows neither the task nor its receipt"
	if a.jobs[record.JobID].array() {
		why = fmt.Sprintf("it is none of those that ended in the blocks after height %d", a.receipts.from)
		if a.receipts.unread > 0 {
			why += fmt.Sprintf(", of which the node of chain.grpc could not show %d", a.receipts.unread)
		}
	}
	return "unknown how it ended: " + why + "; the node's earnings and its bond show whether it was paid or slashed"
}

// verdict returns how the node's part in a task ended, from the receipt of the task, or from
// the task itself if it continues without this node. If the node was only a candidate and did
// not have a part, verdict returns errUndrawn. If there is neither a receipt nor a task, it
// returns chain.ErrNotFound.
func (a *Agent) verdict(ctx context.Context, w *assignment, ended map[taskKey]computetypes.Receipt) (store.Verdict, error) {
	record, operator := w.record, a.view.operator.String()
	receipt, found := ended[taskKey{record.JobID, record.Task}]
	if !found && !a.jobs[record.JobID].array() {
		var err error
		receipt, err = a.cfg.Chain.Receipt(ctx, record.JobID, record.Task)
		if err != nil && !errors.Is(err, chain.ErrNotFound) {
			return store.Verdict{}, err
		}
		found = err == nil
	}
	if found {
		return verdictIn(record, &receipt, operator)
	}
	task, err := a.cfg.Chain.Task(ctx, record.JobID, record.Task)
	if err != nil {
		return store.Verdict{}, err
	}
	verdict, took := outcomeOf(record, task.Departed, operator, a.view.height)
	switch {
	case took:
		return verdict, nil
	case record.Phase == store.PhaseClaimed && !seated(&task, operator):
		return store.Verdict{}, errUndrawn
	}
	return store.Verdict{}, fmt.Errorf("task %s goes on without this node: %w", record.Key, chain.ErrNotFound)
}

// verdictIn returns the verdict on an operator's part in a task that has ended.
func verdictIn(record store.Assignment, receipt *computetypes.Receipt, operator string) (store.Verdict, error) {
	verdict, took := outcomeOf(record, receipt.Outcomes, operator, receipt.Height)
	switch {
	case took:
	case record.Phase == store.PhaseClaimed:
		return verdict, errUndrawn
	default:
		verdict = store.Verdict{Status: taskOutcome(receipt.Status), Height: receipt.Height}
	}
	round := int(record.Round)
	verdict.Accepted = receipt.Status == computetypes.CHUNK_STATUS_ACCEPTED && round < len(receipt.Tags) &&
		len(record.Tag) > 0 && bytes.Equal(receipt.Tags[round], record.Tag)
	verdict.FailedTasks = receipt.FailedTasks
	verdict.Denom = receipt.Reward.Denom
	return verdict, nil
}

// seated reports whether an operator's node holds a part of a task.
func seated(task *computetypes.Chunk, operator string) bool {
	holds := func(part computetypes.Assignment) bool { return part.Operator == operator }
	for i := range task.Rounds {
		round := &task.Rounds[i]
		if slices.ContainsFunc(round.Replicas, holds) || round.Draw != nil && slices.ContainsFunc(round.Draw.Candidates, holds) {
			return true
		}
	}
	return false
}

// outcomeOf returns an operator's outcome from the outcomes of a task.
func outcomeOf(record store.Assignment, outcomes []computetypes.Outcome, operator string, height int64) (store.Verdict, bool) {
	for _, outcome := range outcomes {
		if outcome.Round == record.Round && outcome.Operator == operator {
			return verdictOf(outcome, height), true
		}
	}
	return store.Verdict{}, false
}

const (
	// missed is the outcome of a task whose commit deadline the node missed.
	missed = "missed"
	// yielded is the outcome of a task that the node has given up.
	yielded = "yielded"
	// unknown is the outcome if the real outcome could not be read.
	unknown = "unknown"
)

// settle records the chain's verdict.
func (a *Agent) settle(w *assignment, verdict store.Verdict) {
	if verdict.Status == missed {
		a.shun(w.record.JobID, shunFailed, "a task of it was not done in time on this machine")
	}
	if tasks := max(w.record.Count, 1); 2*verdict.FailedTasks >= tasks {
		a.shun(w.record.JobID, shunFailed, fmt.Sprintf("%d of %d tasks of it have failed, and earned the attempt fee only", verdict.FailedTasks, tasks))
	}
	if verdict.Status == yielded {
		a.view.noteYield()
	}
	if j, known := a.jobs[w.record.JobID]; known && j.spec != nil {
		verdict.Denom = j.spec.Reward.Denom
	}
	a.finish(w, store.PhaseSettled, func(r *store.Assignment) { r.Verdict = &verdict })
	a.metrics.settled.WithLabelValues(verdict.Status).Inc()
	a.cfg.Logger.Info("settled", "assignment", w.record.Key, "outcome", verdict.Status,
		"paid", verdict.Paid, "share", verdict.Share, "slashed", verdict.Slashed, "failed_tasks", verdict.FailedTasks)
}

func verdictOf(outcome computetypes.Outcome, height int64) store.Verdict {
	return store.Verdict{
		Status:  strings.ToLower(strings.TrimPrefix(outcome.Status.String(), "ASSIGNMENT_STATUS_")),
		Paid:    amount(outcome.Paid),
		Share:   amount(outcome.Share),
		Slashed: amount(outcome.Slashed),
		Height:  height,
	}
}

func taskOutcome(status computetypes.ChunkStatus) string {
	return "task_" + strings.ToLower(strings.TrimPrefix(status.String(), "CHUNK_STATUS_"))
}

// amount returns an amount as text, or "" for zero.
func amount(v math.Int) string {
	if v.IsNil() || v.IsZero() {
		return ""
	}
	return v.String()
}

// finish ends an assignment in the journal and then in the loop.
func (a *Agent) finish(w *assignment, phase store.Phase, edit func(*store.Assignment)) {
	if a.written(w, func(tx *store.Tx) (store.Assignment, error) {
		return tx.Advance(w.record.Key, w.record.Phase, phase, edit)
	}) {
		a.forget(w)
	}
}

// prune removes assignments that have been finished for longer than the retention, once per
// hour.
func (a *Agent) prune() {
	now := a.cfg.Now()
	if since := now.Sub(a.prunedAt); since >= 0 && since < a.cfg.Retention/24 {
		return // a clock that was ahead at the last time does not stop it
	}
	a.prunedAt = now
	gone, err := a.cfg.Journal.Prune(a.oldest(now).Add(-a.cfg.Retention), a.newest(now))
	if err != nil {
		if !passes(err) {
			a.fatal = err
			return
		}
		a.trouble("cannot remove old assignments", err)
	}
	for _, record := range gone {
		a.deliveries.drop(record.Key)
		if record.Folder == "" {
			continue
		}
		if err := os.RemoveAll(record.Folder); err != nil {
			a.trouble("cannot delete the outputs of "+record.Key.String(), err)
		}
	}
}

// oldest returns the time of this machine's clock or of the newest block, whichever is earlier. Results must
// not be deleted because the clock is ahead, or because a node shows a block that is.
func (a *Agent) oldest(now time.Time) time.Time {
	if block := a.view.blockAt; !block.IsZero() && block.Before(now) {
		return block
	}
	return now
}

// newest returns the later one of these times, or zero if no block is known: a clock without a battery may begin in
// 1970.
func (a *Agent) newest(now time.Time) time.Time {
	if block := a.view.blockAt; block.IsZero() || block.After(now) {
		return block
	}
	return now
}

func joinReasons(reasons ...string) string {
	var said []string
	for _, r := range reasons {
		if r != "" {
			said = append(said, r)
		}
	}
	return strings.Join(said, "; ")
}
