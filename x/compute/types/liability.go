package types

import "cosmossdk.io/math"

// MaxJudgedSamples is the largest number of samples that judges execute again because an
// auditor was silent.
const MaxJudgedSamples = 16

// ChunkLiability returns the amount that a part locks which executes all tasks of a chunk of
// so many tasks, in the bond denom: the job's liability, or what a job with chunks of that
// size would lock if that is less. The parameters may have changed since the job was posted.
func (p Params) ChunkLiability(job *Job, tasks uint64) math.Int {
	if tasks >= job.ChunkTasks {
		return job.Liability
	}
	return math.MinInt(job.Liability, p.Liability(job.BondValue, job.Policy, job.Slashable, tasks))
}

// AuditLiability returns the amount that an auditor locks which executes some samples of a
// chunk, in the bond denom. whole is the liability of the chunk.
//
// An auditor whose result is false differs from an honest replica with certainty, so that its
// own gain, the pay of its samples, needs no more than that as liability. Its silence has to
// cost more: it could otherwise be bought by a replica that has lied. The liability therefore
// pays for the judges of all samples, who find what the auditor would have found. If that is
// more than the chunk's liability, or if the samples are more than MaxJudgedSamples, the
// auditor locks the chunk's liability: its silence then costs as much as the lie that it hides.
func (p Params) AuditLiability(job *Job, whole math.Int, samples uint64) math.Int {
	if samples > MaxJudgedSamples {
		return whole
	}
	return p.JudgeLiability(job, whole, samples+uint64(job.Policy.Replicas)-1)
}

// JudgeLiability returns the amount that a judge locks which executes some tasks of a chunk,
// in the bond denom: the pay of the judges of the next round, at least min_liability, and at
// most the liability of the chunk, which is whole.
func (p Params) JudgeLiability(job *Job, whole math.Int, tasks uint64) math.Int {
	judges := job.Value(tasks).MulRaw(p.judgesPaid())
	return math.MinInt(whole, math.MaxInt(p.MinLiability, judges))
}

// KeptBond returns the bond that a replica of a chunk of so many tasks leaves free for an
// audit, in the bond denom: what an auditor of the fewest samples locks. whole is the
// liability of the chunk.
func (p Params) KeptBond(job *Job, whole math.Int, tasks uint64) math.Int {
	if samples := uint64(max(1, job.Policy.Samples)); samples < tasks {
		return p.AuditLiability(job, whole, samples)
	}
	return whole
}

// judgesPaid returns how many judges of a task each liability pays at least.
func (p Params) judgesPaid() int64 { return max(2, int64(p.Escalation[0])) }
