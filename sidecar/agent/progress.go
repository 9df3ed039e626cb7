package agent

import (
	"strings"

	"github.com/thetaedge/theta/executor"
)

// taskID returns the name of the execution of an assignment of one task, and the beginning of the
// names of those of a chunk.
func taskID(w *assignment) string { return strings.ReplaceAll(w.record.String(), "/", "-") }

// progress returns how far the task is that runs for an assignment, and false if none runs or if
// its executor does not tell.
func (a *Agent) progress(w *assignment) (executor.Progress, bool) {
	if !w.executing || w.ran == nil {
		return executor.Progress{}, false
	}
	id := taskID(w)
	if w.run != nil {
		current := w.run.current.Load()
		if current == nil {
			return executor.Progress{}, false
		}
		id = *current
	}
	tracker, tells := a.executors[w.ran.Executor].(executor.Tracker)
	if !tells {
		return executor.Progress{}, false
	}
	now, err := tracker.Progress(id)
	return now, err == nil
}
