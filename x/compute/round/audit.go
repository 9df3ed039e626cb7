package round

import "github.com/thetaedge/theta/x/compute/types"

// pinAudit pins the seed that determines whether auditors join the first round, after all its
// replicas have committed. No node knows this seed yet, so a node that commits does not know
// whether it will be audited.
func (t *Chunk) pinAudit() error {
	round := t.current()
	round.AuditSeedHeight = t.height()
	return round.MoveTo(types.ROUND_PHASE_AUDIT)
}

// decideAudit reads the seed and lets auditors join or opens the reveals. Auditors are
// further replicas of the same round, drawn like the others and equally blind: reveals open
// once they have committed too. If the seed does not arrive in time, the chunk ends.
func (t *Chunk) decideAudit() (bool, error) {
	round := t.current()
	seed, known, err := t.deps.Beacon.Seed(t.ctx, round.AuditSeedHeight)
	if err != nil {
		return false, err
	}
	if !known {
		if t.height()-round.AuditSeedHeight <= int64(t.params.SeedTimeoutBlocks) {
			return false, nil
		}
		return true, t.abort(types.CHUNK_STATUS_EXPIRED)
	}
	if !types.AuditDrawn(seed.Randomness, t.id, t.record.Index, t.job.Policy.AuditBps) {
		t.changed(&types.ChunkChange_AuditDecided{AuditDecided: &types.AuditDecided{}})
		return true, t.startReveals()
	}
	if err := round.MoveTo(types.ROUND_PHASE_COMMIT); err != nil {
		return false, err
	}
	round.Auditors = t.job.Policy.Auditors
	round.Target += round.Auditors
	// Draws are counted anew: however long the replicas took to be found, the
	// auditors get as many draws as a further round.
	round.Draws = 0
	t.drawSamples(seed.Randomness)
	t.changed(&types.ChunkChange_AuditDecided{AuditDecided: &types.AuditDecided{Auditors: round.Auditors}})
	return true, t.startDraw(round.Auditors)
}
