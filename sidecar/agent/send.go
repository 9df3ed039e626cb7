package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	errorsmod "cosmossdk.io/errors"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const activeNode = edgenodetypes.NODE_STATUS_ACTIVE

// outbox is the agent's state with regard to sending.
type outbox struct {
	sending bool
	// freshFrom is the height of this node's newest transaction. An older state does not
	// contain it.
	freshFrom int64
	// lost is the number of transactions in a row that no block holds.
	lost int
	// renewFrom is the height from which the lease may be renewed again.
	renewFrom int64
	// pausedFrom is the height since which the node has been paused. It is 0 if it is not.
	pausedFrom int64
}

// free reports whether a batch may be sent in reply to the state of a height.
func (o *outbox) free(height int64) bool { return !o.sending && height >= o.freshFrom }

// submitted reports the outcome of a batch.
type submitted struct {
	batch chain.Batch
	// from is the height of the state to which the batch replies.
	from int64
	// endpoint is the node through which it was sent.
	endpoint string
	done     chain.Submission
	err      error
}

// send writes everything that is due to the journal and sends it in one transaction, unless a
// transaction is on its way or the state is older than the last transaction.
func (a *Agent) send() {
	if a.fatal != nil || a.view.node == nil || a.wake.stale || !a.outbox.free(a.view.height) {
		return
	}
	var batch chain.Batch
	for _, w := range a.assignments.inOrder() {
		if w.item != nil {
			a.due(w, &batch)
		}
	}
	batch.Renew = a.wantsRenewal()
	batch.Stakes = a.stakes(&batch)
	if !a.sealCommits(batch.Commits) || !a.enterDraws(&batch) || batch.Len() == 0 {
		return
	}
	if a.wake.stale { // the disk took the changes only after a while, in which deadlines may have passed
		a.unclaim(batch.Claims)
		return
	}
	if batch.Renew {
		a.outbox.renewFrom = a.view.height + renewPause
	}
	a.outbox.sending = true
	ctx, limit, from, endpoint := a.loop.ctx, a.view.maxBatch, a.view.height, a.cfg.Endpoints.Using()
	a.loop.beside(func() event {
		done, err := a.cfg.Chain.Submit(ctx, batch, limit)
		return submitted{batch, from, endpoint, done, err}
	})
}

// due adds what the chain waits for from one assignment to a batch.
func (a *Agent) due(w *assignment, batch *chain.Batch) {
	record, item, ref := w.record, w.item, refOf(w.record.Key)
	revealing := w.record.Phase == store.PhaseRevealed && item.MustShowAll && a.proofs.mayShow(w)
	switch record.Phase {
	case store.PhaseAssigned, store.PhasePreparing:
		if w.returning(a.view.height) {
			release := computetypes.ReleaseItem{Ref: ref}
			if w.missing != nil {
				release.InputUnavailable, release.Input = true, *w.missing
			}
			batch.Releases = append(batch.Releases, release)
		}
	case store.PhaseYielding:
		if item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED && a.view.height < record.Deadlines.Commit {
			batch.Yields = append(batch.Yields, ref)
		}
	case store.PhaseExecuted, store.PhaseCommitSent:
		// The state of the sink is not checked again. The work is done, a missed deadline
		// costs a part of the reward, and the sink may be reachable again before retention
		// ends.
		if item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED && a.view.height < record.Deadlines.Commit && a.proofs.mayCommit(w, a.jobs[w.record.JobID]) {
			batch.Commits = append(batch.Commits, commitItem(&record))
		}
	case store.PhaseCommitted:
		revealing = a.proofs.mayShow(w) && a.mayReveal(w)
	case store.PhaseClaimed, store.PhaseRunning, store.PhaseRevealed, store.PhaseOpened,
		store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
	if revealing {
		reveal, err := a.revealItem(w)
		if err != nil {
			a.trouble("assignment "+record.Key.String()+" cannot be revealed", err)
			return
		}
		batch.Reveals = append(batch.Reveals, reveal)
	}
	opens := revealing || record.Phase == store.PhaseRevealed || record.Phase == store.PhaseOpened
	if opens && item.MustOpen {
		shown, err := a.openItems(w)
		if err != nil {
			a.trouble("assignment "+record.Key.String()+" cannot be opened", err)
		}
		batch.Opens = append(batch.Opens, shown...)
	}
}

// mayReveal reports whether a tag may be revealed: the round must ask for it, and either the
// sink has the outputs or the deadline is near.
func (a *Agent) mayReveal(w *assignment) bool {
	if w.item.Assignment.Status != computetypes.ASSIGNMENT_STATUS_COMMITTED ||
		w.item.CurrentRound != w.record.Round || w.item.Phase != computetypes.ROUND_PHASE_REVEAL {
		return false
	}
	if !w.owes() {
		return true
	}
	// If the window is short, half of it is reserved for the delivery.
	margin := min(a.cfg.RevealMargin, (w.item.RevealDeadline-w.revealSince)/2)
	if w.item.RevealDeadline-a.view.height > margin {
		return false
	}
	a.cfg.Logger.Warn("revealing before the outputs are delivered, because the deadline is near and not revealing costs the bond",
		"assignment", w.record.Key, "deadline", w.item.RevealDeadline, "height", a.view.height, "last_error", w.record.LastError)
	return true
}

// metricsOf returns what a reveal reports about an execution on a device.
func metricsOf(m store.Metrics, device string) computetypes.Metrics {
	out := computetypes.Metrics{Fuel: m.Fuel, WallMs: m.WallMillis, Device: device}
	if m.EnergyMillijoules != nil {
		out.EnergyMj, out.EnergySource = *m.EnergyMillijoules, m.EnergySource
	}
	return out
}

// sealCommits records in the journal that commitments are about to leave this machine. They
// cannot change any more after that.
func (a *Agent) sealCommits(commits []computetypes.CommitItem) bool {
	for _, item := range commits {
		w := a.assignments[keyOf(item.Ref)]
		if w.record.Phase == store.PhaseExecuted && !a.moveOn(w, store.PhaseCommitSent, a.sealSink(w)) {
			return false
		}
	}
	return true
}

// enterDraws writes claims to the journal and adds them to the batch, as many as there are
// free slots. The owner may have paused the node since the draws were read.
func (a *Agent) enterDraws(batch *chain.Batch) bool {
	claims, free := a.draws.claims, a.freeSlots()
	a.draws.claims = nil
	if a.drain.begun || a.cfg.Paused() || a.outdated() != "" {
		return true
	}
	for i := range claims {
		d := &claims[i]
		if !a.proofs.mayClaim(a.jobs[d.Ref.JobId]) {
			a.draws.claims = append(a.draws.claims, *d) // the proof of the job is being read
			continue
		}
		var record store.Assignment
		var fresh bool
		w, tracked := a.assignments[keyOf(d.Ref)]
		if tracked && (w.record.Phase != store.PhaseClaimed || w.claimSent) || !tracked && free <= 0 {
			continue
		}
		if !a.journal(func(tx *store.Tx) (err error) {
			record, fresh, err = claimed(tx, d, a.vouched())
			return err
		}) {
			return false
		}
		if !fresh {
			continue
		}
		w = a.track(record)
		w.claimSent, w.spec, w.drawnTasks = true, d.Job.Spec, d.Tasks
		batch.Claims = append(batch.Claims, d.Ref)
		free--
	}
	return true
}

// claimed writes a claim to the journal. The claim is not fresh if it was already sent in this
// draw and the chain refused it.
func claimed(tx *store.Tx, d *bid.Draw, height int64) (store.Assignment, bool, error) {
	key := keyOf(d.Ref)
	record, err := tx.Get(key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		err = tx.Put(store.Assignment{Key: key, Phase: store.PhaseClaimed, Seen: height, Deadlines: store.Deadlines{Claim: d.CloseHeight}})
	case err != nil:
	case record.Phase == store.PhaseReleased && record.Deadlines.Claim != d.CloseHeight:
		_, err = tx.Advance(key, store.PhaseReleased, store.PhaseClaimed, func(r *store.Assignment) {
			*r = store.Assignment{Key: r.Key, CreatedAt: r.CreatedAt, Seen: height, Deadlines: store.Deadlines{Claim: d.CloseHeight}}
		})
	case record.Phase == store.PhaseClaimed:
	default:
		return record, false, nil
	}
	if err != nil {
		return store.Assignment{}, false, err
	}
	record, err = tx.Get(key)
	return record, true, err
}

// undecided returns the claims whose outcome is not known.
func (s submitted) undecided() []computetypes.ChunkRef {
	decided := map[computetypes.ChunkRef]bool{}
	for _, outcome := range s.done.Items {
		if outcome.Action == chain.Claim && !outcome.Unsent {
			decided[outcome.Ref] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(s.batch.Claims), func(ref computetypes.ChunkRef) bool { return decided[ref] })
}

// apply implements event. The chain's state at the next block shows what the chain has
// accepted. Only what the state does not show is recorded here.
func (s submitted) apply(a *Agent) {
	a.outbox.sending = false
	// A refused item is tried again at the next block, and not immediately.
	a.outbox.freshFrom = s.from + 1
	if err := a.horizon.check(s.done.Height, a.cfg.Now()); err != nil {
		a.trouble("cannot use the height of a transaction", err)
	} else {
		a.outbox.freshFrom = max(a.outbox.freshFrom, s.done.Height)
	}
	for _, outcome := range s.done.Items {
		if !outcome.Unsent {
			a.heard(outcome)
		}
	}
	if s.err == nil {
		a.outbox.lost = 0
		return
	}
	a.trouble("transaction failed", s.err)
	a.lost(s)
	a.unclaim(s.undecided())
}

// unclaim notes that claims have perhaps not reached the chain. They are sent again while their draws are open.
func (a *Agent) unclaim(refs []computetypes.ChunkRef) {
	for _, ref := range refs {
		if w, live := a.assignments[keyOf(ref)]; live && w.record.Phase == store.PhaseClaimed {
			w.claimSent = false
		}
	}
}

// lost counts transactions that no block holds. Another node is asked after some.
func (a *Agent) lost(s submitted) {
	if errors.Is(s.err, chain.ErrStalled) && a.view.height > s.from+leap {
		a.cfg.Endpoints.Distrust(s.endpoint, fmt.Sprintf("it has shown blocks up to %d, and named lower heights while a transaction waited for them", a.view.height))
		return
	}
	if !errors.Is(s.err, chain.ErrNotIncluded) {
		return
	}
	if a.outbox.lost++; a.outbox.lost >= maxLost {
		a.outbox.lost = 0
		a.cfg.Endpoints.Distrust(s.endpoint, "it has taken transactions that are in no block: it drops them, or blocks are full")
	}
}

// heard records the outcome of one item.
func (a *Agent) heard(outcome chain.ItemOutcome) {
	a.metrics.items.WithLabelValues(string(outcome.Action), resultLabel(outcome.Code)).Inc()
	if outcome.Action == chain.Renew {
		a.renewed(outcome)
		return
	}
	w, live := a.assignments[keyOf(outcome.Ref)]
	if !live {
		return
	}
	if outcome.Code == 0 {
		switch {
		case outcome.Action == chain.Release:
			a.finish(w, store.PhaseReleased, nil)
		case outcome.Action == chain.Open && w.record.Phase == store.PhaseRevealed:
			a.moveOn(w, store.PhaseOpened, nil)
		}
		return
	}
	if already(outcome) {
		a.cfg.Logger.Debug("the chain knew it already", "action", outcome.Action, "assignment", w.record.Key)
		return
	}
	reason := fmt.Sprintf("%s refused: %s", outcome.Action, outcome.Log)
	if outcome.Action == chain.Claim {
		a.cfg.Logger.Info("claim was refused", "assignment", w.record.Key, "reason", outcome.Log)
		a.finish(w, store.PhaseReleased, func(r *store.Assignment) { r.LastError = reason })
		return
	}
	if w.record.LastError == reason {
		return // the refusal was already reported; one that happens at each block is not logged at each block
	}
	a.cfg.Logger.Warn("the chain refused an item", "action", outcome.Action, "assignment", w.record.Key, "code", outcome.Code, "reason", outcome.Log)
	a.edit(w, func(r *store.Assignment) { r.LastError = reason })
}

// already reports whether an item was refused because the chain already has it: its answer was
// lost, or another node has opened the same digest. If a message fails as a whole, there is
// only a text and there are no codes.
func already(outcome chain.ItemOutcome) bool {
	for _, known := range []*errorsmod.Error{
		computetypes.ErrAlreadyClaimed, computetypes.ErrAlreadyCommitted,
		computetypes.ErrAlreadyRevealed, computetypes.ErrAlreadyOpened,
	} {
		if (outcome.Codespace == known.Codespace() && outcome.Code == known.ABCICode()) || strings.Contains(outcome.Log, known.Error()) {
			return true
		}
	}
	return false
}

func resultLabel(code uint32) string {
	if code == 0 {
		return "ok"
	}
	return "refused"
}
