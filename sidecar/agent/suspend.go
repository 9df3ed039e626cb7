package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/store"
)

// suspension suspends and resumes the programs of this machine as its owner wishes. It does not
// wait for the loop, which may wait for a slow node.
type suspension struct {
	wanted    func() bool
	executors map[string]executor.Executor
	// on reports whether no program begins. done reports that no program runs either.
	on, done atomic.Bool
	// told is the last error. Only one goroutine uses it.
	told string
}

// suspendPause is the pause between two looks at what the owner wishes.
const suspendPause = 200 * time.Millisecond

// follow does what the owner wishes until ctx ends. It calls report if that is not possible, and
// tries again. report must not wait for the loop.
func (s *suspension) follow(ctx context.Context, report func(error)) {
	ticker := time.NewTicker(suspendPause)
	defer ticker.Stop()
	for {
		s.look(report)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look suspends or resumes the programs if the owner wishes something else than before, or if the
// last try did not succeed.
func (s *suspension) look(report func(error)) {
	wanted := s.wanted()
	if wanted == s.on.Load() && wanted == s.done.Load() && s.told == "" {
		return
	}
	if wanted {
		s.on.Store(true)
	}
	var err error
	for _, profile := range slices.Sorted(maps.Keys(s.executors)) {
		control, can := s.executors[profile].(executor.Suspender)
		var failed error
		switch {
		case !can && wanted:
			failed = errors.New("expected an executor that can be suspended; stop the daemon to stop its programs")
		case !can:
		case wanted:
			failed = control.Suspend()
		default:
			failed = control.Resume()
		}
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("programs of %s: %w", profile, failed))
		}
	}
	s.on.Store(wanted)
	s.done.Store(wanted && err == nil)
	text := ""
	if err != nil {
		text = err.Error()
	}
	if err != nil && text != s.told {
		report(err)
	}
	s.told = text
}

// unsuspended is an error of suspending or resuming programs.
type unsuspended struct{ err error }

// apply implements event.
func (e unsuspended) apply(a *Agent) {
	a.trouble("the programs could not be suspended or resumed as their owner wishes", e.err)
}

// returnUnbegun gives an assignment back whose program does not begin within the prepare window, because
// programs are suspended. Later, that would cost the fee of a missed deadline.
func (a *Agent) returnUnbegun(w *assignment) {
	prepare := w.record.Deadlines.Prepare
	if w.giveUp || !a.suspension.on.Load() || a.view.height+releaseMargin < prepare || a.view.height >= prepare {
		return
	}
	w.giveUp = true
	a.cfg.Logger.Info("giving back what cannot begin in time, because programs are suspended", "assignment", w.record.Key)
}

// standsStill reports whether an assignment waits for its program, which is suspended.
func (a *Agent) standsStill(w *assignment) bool {
	switch w.record.Phase {
	case store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning:
		return a.suspension.on.Load()
	case store.PhaseClaimed, store.PhaseYielding, store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted,
		store.PhaseRevealed, store.PhaseOpened, store.PhaseSettled, store.PhaseReleased, store.PhaseFailed:
	}
	return false
}
