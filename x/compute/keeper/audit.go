package keeper

import "github.com/thetaedge/theta/x/compute/types"

// pinAudit asks whether auditors join the first round, all replicas of which have
// committed. The answer is a seed that nobody can know yet: who commits cannot
// tell whether he will be audited.
func (w *work) pinAudit() error {
	round := w.round()
	round.AuditSeedHeight = w.height()
	return round.MoveTo(types.ROUND_PHASE_AUDIT)
}

// decideAudit acts on the answer. Auditors are further replicas of the same
// round, drawn like the others and as blind: reveals open once they have
// committed too. A seed that never comes ends the task.
func (w *work) decideAudit() (bool, error) {
	round := w.round()
	seed, known, err := w.deps.Beacon.Seed(w.ctx, round.AuditSeedHeight)
	if err != nil {
		return false, err
	}
	if !known {
		if w.height()-round.AuditSeedHeight <= int64(w.params.SeedTimeoutBlocks) {
			return false, nil
		}
		return true, w.abandon(types.TASK_STATUS_EXPIRED)
	}
	if !types.AuditDrawn(seed.Randomness, w.id, w.task.Index, w.job.Policy.AuditBps) {
		w.changed(&types.TaskChange_AuditDecided{AuditDecided: &types.AuditDecided{}})
		return true, w.openReveals()
	}
	if err := round.MoveTo(types.ROUND_PHASE_COMMIT); err != nil {
		return false, err
	}
	round.Auditors = w.job.Policy.Auditors
	round.Target += round.Auditors
	// Draws are counted anew: however long the replicas took to be found, the
	// auditors get as many draws as a further round.
	round.Draws = 0
	w.changed(&types.TaskChange_AuditDecided{AuditDecided: &types.AuditDecided{Auditors: round.Auditors}})
	return true, w.startDraw(round.Auditors)
}
