package agent

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// standbyPause is the pause between two tries to write the journal while the disk does not take it.
const standbyPause = time.Second

// passes reports whether an error of the journal may pass without a restart: the owner makes room, or the
// disk is mounted for writing again. Nothing of the change is on the disk then.
func passes(err error) bool {
	class, known := osfault.Of(err)
	if !known {
		return false
	}
	switch class {
	case osfault.NoSpace, osfault.ReadOnly, osfault.TooManyFiles, osfault.NoMemory, osfault.TooLarge,
		osfault.InUse, osfault.Scanned:
		return true
	case osfault.Permission, osfault.WrongKind, osfault.NoLocks, osfault.Device:
	}
	return false
}

// standby is the state of a loop that waits for the journal.
type standby struct {
	// height is the height of the state whose duties were last sent.
	height int64
}

// standBy tries to write a change until the disk takes it. Meanwhile nothing begins. It still sends what the
// chain waits for and the journal already contains: a commitment that is not revealed would cost its
// stake. standBy returns an error if the agent ends, or if the change fails for
// another reason.
func (a *Agent) standBy(change func(*store.Tx) error, err error) error {
	pause := min(standbyPause, 10*a.cfg.Poll)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	s := standby{}
	for {
		a.trouble("the journal cannot be written, so that nothing new begins and only what was committed to before is revealed", err)
		a.publish()
		a.fulfil(&s)
		select {
		case <-a.loop.ctx.Done():
			return err
		case <-ticker.C:
		}
		if err = a.cfg.Journal.Update(change); err == nil {
			a.cfg.Logger.Info("the journal can be written again")
			a.wake.gap() // the loop has not seen the chain meanwhile
			return nil
		}
		if !passes(err) {
			return err
		}
	}
}

// fulfil sends what is due according to a new state of the chain and needs no write to the journal:
// reveals, openings, and what was on its way before.
func (a *Agent) fulfil(s *standby) {
	if a.view.node == nil || a.loop.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(a.loop.ctx, queryTimeout)
	defer cancel()
	tip, err := a.cfg.Chain.Tip(ctx)
	if err == nil && tip.Height <= s.height {
		return
	}
	var work chain.Work
	if err == nil {
		work, err = a.cfg.Chain.Assignments(ctx, a.view.node.Profile.Operator)
	}
	if err == nil {
		err = a.horizon.check(work.Height, a.cfg.Now())
	}
	if err != nil {
		a.trouble("cannot read the chain's state", err)
		return
	}
	if work.Height < max(a.view.floor, a.view.height, a.outbox.freshFrom) || work.Height <= s.height {
		return
	}
	s.height = work.Height
	before := a.view
	a.view.height = work.Height
	defer func() { a.view = before }()
	held := a.promised(ctx, work)
	a.proveNow(ctx, held)
	var batch chain.Batch
	for i := range held {
		a.due(&held[i], &batch)
	}
	batch.Stakes = a.stakes(&batch)
	if batch.Len() == 0 {
		return
	}
	done, err := a.cfg.Chain.Submit(a.loop.ctx, batch, a.view.maxBatch)
	if err != nil {
		a.trouble("transaction failed", err)
	}
	a.outbox.freshFrom = max(a.outbox.freshFrom, s.height+1, done.Height)
	for _, outcome := range done.Items {
		if outcome.Code != 0 && !outcome.Unsent && !already(outcome) {
			a.trouble(fmt.Sprintf("%s of %s was refused", outcome.Action, keyOf(outcome.Ref)), fmt.Errorf("%s", outcome.Log))
		}
	}
}

// promised returns copies of the assignments whose duties the journal already contains, with what the
// chain lists now. The records of the loop do not change: they stay as the journal has them.
func (a *Agent) promised(ctx context.Context, work chain.Work) []assignment {
	var held []assignment
	for i := range work.Items {
		item := &work.Items[i]
		w, tracked := a.assignments[itemKey(item)]
		if !tracked {
			continue
		}
		phase, promised := promisedPhase(&w.record, item)
		if !promised {
			continue
		}
		j, err := a.jobs.read(ctx, a.cfg.Chain, w.record.JobID)
		if err != nil {
			a.trouble("cannot read job "+w.record.JobID, err)
			continue
		}
		now := *w
		now.record.Phase, now.item, now.spec, now.judges = phase, item, j.spec, j.judges
		now.record.Deadlines = deadlinesOf(w.record.Deadlines, item, j.spec)
		if now.revealSince == 0 && item.Phase == computetypes.ROUND_PHASE_REVEAL {
			now.revealSince = a.view.height
			w.revealSince = now.revealSince
		}
		held = append(held, now)
	}
	return held
}

// promisedPhase returns the phase of a record according to the chain, if nothing that is due in that phase
// has to be written to the journal before.
func promisedPhase(record *store.Assignment, item *computetypes.WorkItem) (store.Phase, bool) {
	target, known := phaseOf(item.Assignment.Status)
	switch record.Phase {
	case store.PhaseCommitSent, store.PhaseCommitted, store.PhaseRevealed, store.PhaseOpened:
		if target >= store.PhaseCommitted && !bytes.Equal(record.Commitment, item.Assignment.Commitment) {
			return 0, false
		}
		return max(record.Phase, target), known
	case store.PhaseYielding:
		return record.Phase, known
	case store.PhaseAssigned, store.PhasePreparing:
		return record.Phase, known && target == store.PhaseAssigned // it may be given back
	case store.PhaseClaimed, store.PhaseRunning, store.PhaseExecuted, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
	return 0, false
}

// proveNow proves what the assignments have to show, and waits for it.
func (a *Agent) proveNow(ctx context.Context, held []assignment) {
	if a.proofs.prover == nil {
		return
	}
	var refs []computetypes.ChunkRef
	var asked []*assignment
	for i := range held {
		if showing(&held[i]) {
			refs, asked = append(refs, refOf(held[i].record.Key)), append(asked, &held[i])
		}
	}
	if len(refs) == 0 {
		return
	}
	endpoint := a.cfg.Endpoints.Using()
	list, err := a.cfg.Prover.Tasks(ctx, refs)
	if err != nil {
		a.unprovable(endpoint, err)
		return
	}
	for i := range list {
		if list[i].Err != nil {
			a.unprovable(endpoint, list[i].Err)
			continue
		}
		a.clear(asked[i], &list[i])
		a.assignments[asked[i].record.Key].clearance = asked[i].clearance
	}
}
