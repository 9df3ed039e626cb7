package agent

import (
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
)

// For how many blocks a job is left to others after one of its tasks went wrong here.
const (
	// shunMissing: an input could not be had; another task may have another one.
	shunMissing = 100
	// shunFailed: this machine could not run it, or not in time.
	shunFailed = 2_400
	// shunCrashed: it has ended the daemon.
	shunCrashed = 57_600
)

// maxCrashReason bounds what is written of a crash, in bytes.
const maxCrashReason = 512

// shun leaves a job to others for some blocks.
func (a *Agent) shun(jobID string, blocks int64, reason string) {
	a.shuns.LeaveJob(jobID, a.view.height, blocks, reason)
}

// blame shuns the program of an assignment, and its requester, for having ended a worker.
func (a *Agent) blame(w *assignment, cause error) {
	reason := osfault.Explain("", cause).Error()
	reason = blob.Printable(reason[:min(len(reason), maxCrashReason)])
	changed, forgotten := a.shuns.Crashed(w.spec, a.jobs[w.record.JobID].requester, reason, a.view.height)
	a.journal(func(tx *store.Tx) error {
		for _, crash := range changed {
			if err := tx.PutShun(store.Shun(crash)); err != nil {
				return err
			}
		}
		for _, name := range forgotten {
			if err := tx.DeleteShun(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// avoid gives back what is held of a program, or of a requester, that is shunned, while
// that costs nothing.
func (a *Agent) avoid(w *assignment) {
	if w.giveUp || w.executing || a.view.height >= w.record.Deadlines.Prepare {
		return
	}
	j, known := a.jobs[w.record.JobID]
	if !known {
		return
	}
	if why := a.shuns.Program(j.spec, j.requester, a.view.height); why != "" {
		w.giveUp = true
		a.edit(w, func(r *store.Assignment) { r.LastError = "given back " + why })
	}
}
