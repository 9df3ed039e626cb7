package agent

import (
	"errors"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
)

// These constants say for how many blocks a job is left to other nodes after one of its tasks
// has failed on this machine.
const (
	// shunMissing applies if an input could not be fetched. Another task may have another
	// input.
	shunMissing = 100
	// shunFailed applies if this machine could not run the task, or not in time.
	shunFailed = 2_400
	// shunCrashed applies if the task has crashed the daemon.
	shunCrashed = 57_600
)

// maxCrashReason bounds the recorded text about a crash, in bytes.
const maxCrashReason = 512

// shun leaves a job to other nodes for some blocks.
func (a *Agent) shun(jobID string, blocks int64, reason string) {
	a.shuns.LeaveJob(jobID, a.view.height, blocks, reason)
}

// noteStray leaves jobs to other nodes that name an address which has led this machine to a server that the owner
// does not allow, and for a short time those that name its server. Each of them would cost the fee of a release.
func (a *Agent) noteStray(err error) {
	var astray *transfer.Astray
	if errors.As(err, &astray) {
		a.strays.Note(astray.Named, astray.Found, a.view.height)
	}
}

// blame shuns the program of an assignment and its requester, because the program has crashed
// a worker process, or the device has failed each time that it ran.
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

// avoid releases an assignment if its program or its requester is shunned and the release does
// not cost anything.
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
