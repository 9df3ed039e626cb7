package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// slack is how many blocks the outcome of a draw, or the receipt of a task that
	// has ended, may take to be seen.
	slack = 3
	// receiptPatience is how many blocks a verdict may take; the receipt of one
	// that took longer has been pruned.
	receiptPatience = 20_000
	// arrayPatience is the same for tasks of arrays, whose receipts stand in the
	// events of blocks only.
	arrayPatience = 2_000
)

// unlisted handles an assignment that the chain does not list: it was not drawn,
// or it has ended. ended holds receipts that were found in blocks.
func (a *Agent) unlisted(ctx context.Context, w *assignment, ended map[taskKey]computetypes.Receipt) {
	record := w.record
	if record.Phase == store.PhaseClaimed {
		if a.height > record.Deadlines.Claim+slack && !a.sending {
			a.finish(w, store.PhaseReleased, func(r *store.Assignment) { r.LastError = "not drawn" })
			a.metrics.undrawn.Inc()
		}
		return
	}
	if w.goneSince == 0 {
		w.goneSince = a.height
	}
	if a.height > w.goneSince+slack {
		w.cancel()
	}
	verdict, err := a.verdict(ctx, w, ended)
	patience := int64(receiptPatience)
	if a.jobs[record.JobID].array() {
		patience = arrayPatience
	}
	switch {
	case err == nil:
		a.settle(w, verdict)
	case !errors.Is(err, chain.ErrNotFound):
		a.trouble("cannot read a receipt", err)
	case a.height <= w.goneSince+slack:
	case record.Phase <= store.PhaseCommitSent:
		// The task goes on without this node.
		reason := fmt.Sprintf("ended by the chain at height %d before a commitment was taken", a.height)
		if record.Deadlines.Commit > 0 && a.height > record.Deadlines.Commit {
			reason = fmt.Sprintf("no commitment was taken up to the deadline at height %d", record.Deadlines.Commit)
		}
		a.finish(w, store.PhaseFailed, func(r *store.Assignment) { r.LastError = joinReasons(r.LastError, reason) })
		a.metrics.settled.WithLabelValues(missed).Inc()
	case a.height > w.goneSince+patience:
		a.finish(w, store.PhaseFailed, func(r *store.Assignment) {
			r.LastError = "no receipt of this task was found; if it was paid, the node's earnings show it"
		})
	}
}

// verdict returns how the node's part in a task ended: by the receipt of the task,
// or by the task itself when it goes on without this node. Without either it
// fails with chain.ErrNotFound.
func (a *Agent) verdict(ctx context.Context, w *assignment, ended map[taskKey]computetypes.Receipt) (store.Verdict, error) {
	record := w.record
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
		verdict, took := a.outcome(record, receipt.Outcomes, receipt.Height)
		if !took {
			verdict = store.Verdict{Status: taskOutcome(receipt.Status), Height: receipt.Height}
		}
		return verdict, nil
	}
	task, err := a.cfg.Chain.Task(ctx, record.JobID, record.Task)
	if err != nil {
		return store.Verdict{}, err
	}
	verdict, took := a.outcome(record, task.Departed, a.height)
	if !took {
		return store.Verdict{}, fmt.Errorf("task %s goes on without this node: %w", record.Key, chain.ErrNotFound)
	}
	return verdict, nil
}

// outcome finds this node's among the outcomes of a task.
func (a *Agent) outcome(record store.Assignment, outcomes []computetypes.Outcome, height int64) (store.Verdict, bool) {
	for _, outcome := range outcomes {
		if outcome.Round == record.Round && outcome.Operator == a.operator.String() {
			return verdictOf(outcome, height), true
		}
	}
	return store.Verdict{}, false
}

// missed is the outcome of a task that was not committed in time.
const missed = "missed"

// settle writes down the chain's verdict.
func (a *Agent) settle(w *assignment, verdict store.Verdict) {
	if verdict.Status == missed {
		a.shun(w.record.JobID, shunFailed, "a task of it was not done in time on this machine")
	}
	a.finish(w, store.PhaseSettled, func(r *store.Assignment) { r.Verdict = &verdict })
	a.metrics.settled.WithLabelValues(verdict.Status).Inc()
	a.cfg.Logger.Info("settled", "assignment", w.record.Key, "outcome", verdict.Status,
		"paid", verdict.Paid, "share", verdict.Share, "slashed", verdict.Slashed)
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

func taskOutcome(status computetypes.TaskStatus) string {
	return "task_" + strings.ToLower(strings.TrimPrefix(status.String(), "TASK_STATUS_"))
}

// amount shows nothing for zero.
func amount(v math.Int) string {
	if v.IsNil() || v.IsZero() {
		return ""
	}
	return v.String()
}

// finish ends an assignment in the journal and then here.
func (a *Agent) finish(w *assignment, phase store.Phase, edit func(*store.Assignment)) {
	if a.journal(func(tx *store.Tx) error {
		_, err := tx.Advance(w.record.Key, w.record.Phase, phase, edit)
		return err
	}) {
		a.forget(w)
	}
}

// prune forgets what has been finished for longer than retention, once an hour.
func (a *Agent) prune() {
	now := a.cfg.Now()
	if now.Before(a.prunedAt.Add(a.cfg.Retention / 24)) {
		return
	}
	a.prunedAt = now
	gone, err := a.cfg.Journal.Prune(now.Add(-a.cfg.Retention))
	if err != nil {
		a.fatal = err
		return
	}
	for _, record := range gone {
		if record.Folder == "" {
			continue
		}
		if err := os.RemoveAll(record.Folder); err != nil {
			a.trouble("cannot delete the outputs of "+record.Key.String(), err)
		}
	}
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
