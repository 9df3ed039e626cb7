package agent

import (
	"errors"

	"github.com/thetaedge/theta/sidecar/store"
)

// maxCrashes is the number of times that the daemon may die while a program runs before the
// program is no longer run. A program that exhausts the machine must not repeatedly prevent
// the reveals of all other assignments.
const maxCrashes = 2

// suspect reports whether the daemon has died while the program ran. From then on, the program
// runs alone, so that the next death shows whether it was the cause.
func (w *assignment) suspect() bool { return w.record.Crashes > 0 }

// barred reports whether the program is no longer run. The assignment is released if that does
// not cost anything. Otherwise the node misses it, which costs a part of one reward.
// A chunk of which some tasks have a result is committed to with those.
func (w *assignment) barred() bool {
	return (w.record.Crashes >= maxCrashes || w.deaths >= maxExecutions) && !w.salvaged()
}

// salvaged reports whether a chunk is not continued, because the daemon has died more than
// once while the same task ran, and is committed to with the tasks that have a result.
func (w *assignment) salvaged() bool {
	part, ok := w.part()
	return ok && w.record.Crashes >= maxCrashes && w.record.CrashedAt > 0 && w.spec != nil && divisible(w.record.Key, w.spec, part)
}

// crashed records in a record that the daemon has died while its program ran. If tasks of a
// chunk have got a result since the last death, another task ran.
func crashed(r *store.Assignment) {
	done := resultsOnDisk(r)
	if done > r.CrashedAt {
		r.Crashes, r.CrashedAt = 0, done
	}
	r.Crashes++
}

// errCrashes is the error that the owner of a machine sees about such a program.
var errCrashes = errors.New("the daemon has died more than once while this program ran, so that it is not run again; if other programs do not end like this, lower policy.max-memory or policy.max-jobs")

// resume handles an execution that was running when the daemon died. A program that stood still
// then has not ended the daemon.
func (a *Agent) resume(w *assignment) {
	if a.cfg.Suspended() {
		a.moveOn(w, store.PhasePreparing, nil)
		return
	}
	a.moveOn(w, store.PhasePreparing, func(r *store.Assignment) {
		if crashed(r); r.Crashes >= maxCrashes {
			r.LastError = errCrashes.Error()
		}
	})
	if w.record.Crashes >= maxCrashes {
		a.trouble("assignment "+w.record.Key.String(), errCrashes)
		a.shun(w.record.JobID, shunCrashed, errCrashes.Error())
	}
}

// laidDown marks executions that ended because the daemon was stopped. They do not count as
// crashes.
func (a *Agent) laidDown() {
	for _, w := range a.assignments.inOrder() {
		if w.record.Phase == store.PhaseRunning {
			a.moveOn(w, store.PhasePreparing, nil)
		}
	}
}
