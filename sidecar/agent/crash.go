package agent

import (
	"errors"

	"github.com/thetaedge/theta/sidecar/store"
)

// maxCrashes is how often a program may run while the daemon dies. One that exhausts
// the machine must not take along, again and again, the reveals of all others.
const maxCrashes = 2

// suspect tells whether the daemon has died while the program ran. From then on it
// runs alone, so that the next death shows whether it was the cause.
func (w *assignment) suspect() bool { return w.record.Crashes > 0 }

// barred tells whether the program is not run any more: it is given back while that
// costs nothing, and missed otherwise, which costs a part of one reward.
func (w *assignment) barred() bool {
	return w.record.Crashes >= maxCrashes || w.deaths >= maxExecutions
}

// errCrashes is what the owner of a machine reads about such a program.
var errCrashes = errors.New("the daemon has died more than once while this program ran, so that it is not run again; if other programs do not end like this, lower policy.max-memory or policy.max-jobs")

// resume takes up an execution that a dead daemon has left behind.
func (a *Agent) resume(w *assignment) {
	a.moveOn(w, store.PhasePreparing, func(r *store.Assignment) {
		if r.Crashes++; r.Crashes >= maxCrashes {
			r.LastError = errCrashes.Error()
		}
	})
	if w.barred() {
		a.trouble("assignment "+w.record.Key.String(), errCrashes)
		a.shun(w.record.JobID, shunCrashed, errCrashes.Error())
	}
}

// laidDown marks executions that a stop has ended: they are no crashes.
func (a *Agent) laidDown() {
	for _, w := range a.assignments.inOrder() {
		if w.record.Phase == store.PhaseRunning {
			a.moveOn(w, store.PhasePreparing, nil)
		}
	}
}
