package agent

import "github.com/thetaedge/theta/sidecar/store"

// maxPassed bounds the jobs that a status explains.
const maxPassed = 20

// Passed says why draws that this node might have entered were left to others.
type Passed struct {
	JobID string
	// Draws of the job for this reason, in the last look at the open draws.
	Draws int
	// Reason for the owner to read.
	Reason string
	// Height of the look.
	Height int64
}

// pass notes why a draw is left to others.
func (a *Agent) pass(key store.Key, reason string) {
	for i := range a.passed {
		if a.passed[i].JobID == key.JobID && a.passed[i].Reason == reason {
			a.passed[i].Draws++
			return
		}
	}
	if len(a.passed) < maxPassed {
		a.passed = append(a.passed, Passed{JobID: key.JobID, Draws: 1, Reason: reason, Height: a.height})
	}
	a.cfg.Logger.Debug("not claiming", "draw", key, "reason", reason)
}
