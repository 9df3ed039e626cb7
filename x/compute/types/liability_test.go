package types_test

import (
	gomath "math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// drawTerms draws parameters and a job whose tasks are worth 10^6 of the bond denom each.
func drawTerms(t *rapid.T) (types.Params, types.Job) {
	p := types.DefaultParams()
	p.MinLiability = math.NewInt(rapid.SampledFrom([]int64{1, 2_000_000, 50_000_000}).Draw(t, "min_liability"))
	p.HonestBps = rapid.Uint32Range(1, types.BasisPoints).Draw(t, "honest")
	p.Escalation = rapid.SampledFrom([][]uint32{{7, 15}, {1}, {3, 3}}).Draw(t, "escalation")
	policy := types.Policy{
		Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: rapid.Uint32Range(1, types.BasisPoints).Draw(t, "audited"),
		Auditors: rapid.Uint32Range(1, 4).Draw(t, "auditors"), Samples: rapid.Uint32Range(1, types.MaxSamples).Draw(t, "samples"),
	}
	if rapid.Bool().Draw(t, "quorum") {
		policy.Kind, policy.Replicas = types.POLICY_KIND_QUORUM, 3
	}
	job := types.Job{BondValue: math.NewInt(1_000_000), Policy: policy, Slashable: true}
	job.ChunkTasks = rapid.Uint64Range(1, types.MaxChunkTasks).Draw(t, "chunk_tasks")
	job.Liability = p.Liability(job.BondValue, policy, true, job.ChunkTasks)
	return p, job
}

// TestAPartLosesWhatALieInItEarns is the invariant of locks: for each part of each chunk, a lie
// loses by the formula of docs/trust.md, and no part locks more than one of a whole chunk.
func TestAPartLosesWhatALieInItEarns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, job := drawTerms(t)
		n := rapid.Uint64Range(1, job.ChunkTasks).Draw(t, "tasks")
		whole := p.ChunkLiability(&job, n)
		require.True(t, whole.IsPositive() && whole.LTE(job.Liability), "%s of %s", whole, job.Liability)
		if n == job.ChunkTasks {
			require.Equal(t, job.Liability, whole)
		}
		less := p.ChunkLiability(&job, rapid.Uint64Range(1, n).Draw(t, "fewer tasks"))
		require.True(t, less.LTE(whole), "%s for fewer tasks, %s", less, whole)
		pay := job.Value(n)
		require.True(t, whole.GTE(pay), "a replica locks %s and earns %s", whole, pay)
		if job.Policy.Kind == types.POLICY_KIND_AUDIT {
			requireNoShareIsWorthALie(t, p, &job, n, whole)
		}

		most := int64(max(2, p.Escalation[0])) // judges of a task that the loser pays
		samples := rapid.Uint64Range(min(n, uint64(job.Policy.Samples)), min(n, types.MaxSamples)).Draw(t, "sampled")
		auditor := p.AuditLiability(&job, whole, samples)
		require.True(t, auditor.IsPositive() && auditor.LTE(whole), "%s of %s", auditor, whole)
		require.True(t, auditor.GTE(job.Value(samples)), "an auditor locks %s and earns %s", auditor, job.Value(samples))
		if auditor.LT(whole) { // its silence lets judges execute all samples, and it pays them
			require.LessOrEqual(t, samples, uint64(types.MaxJudgedSamples))
			require.True(t, auditor.GTE(job.Value(samples).MulRaw(most)), "%s for %d samples", auditor, samples)
		}

		judged := rapid.Uint64Range(1, min(n, job.Policy.MostJudged(n))).Draw(t, "judged")
		judge := p.JudgeLiability(&job, whole, judged)
		require.True(t, judge.LTE(whole))
		require.True(t, judge.GTE(job.Value(judged).MulRaw(most)), "a judge of %d tasks locks %s", judged, judge)
	})
}

// requireNoShareIsWorthALie checks the liability of a replica against the probability with
// which an audit finds a lie, computed in another way than by the chain. An auditor of the
// replica's ring repeats the lie and is paid for its samples, of which there are more if the
// replica states the fuel of its honest share alone.
func requireNoShareIsWorthALie(t *rapid.T, p types.Params, job *types.Job, n uint64, liability math.Int) {
	q, h := float64(job.Policy.AuditBps)/types.BasisPoints, float64(p.HonestBps)/types.BasisPoints
	each, pay, lost := float64(job.BondValue.Int64()), float64(job.Value(n).Int64()), toFloat(liability)
	most := float64(min(n, types.MaxSamples))
	least := min(float64(job.Policy.Samples), most)
	for _, share := range []float64{0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 1} {
		sampled := most
		if share < 1 {
			sampled = min(least/(1-share), most)
		}
		found := q * h * -gomath.Expm1(-sampled*share)
		if n <= uint64(job.Policy.Samples) { // all tasks are sampled: any lie is found
			found = q * h
		}
		gain := share * pay
		if n > 1 {
			gain += q * (1 - h) * (sampled - least) * each
		}
		require.GreaterOrEqual(t, found*(lost+pay)*(1+1e-9), gain, "a lie about %g of %d tasks", share, n)
	}
}

func toFloat(amount math.Int) float64 {
	f, _ := amount.BigInt().Float64()
	return f
}

func TestWhatAPartLocks(t *testing.T) {
	p := types.DefaultParams()
	p.MinLiability, p.HonestBps, p.Escalation = math.NewInt(1_000), 5_000, []uint32{7, 15}
	job := types.Job{
		BondValue: math.NewInt(1_000), Slashable: true, ChunkTasks: 256,
		Policy: types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 2_500, Auditors: 1, Samples: 4},
	}
	job.Liability = p.Liability(job.BondValue, job.Policy, true, 256)
	require.Equal(t, "1895590", job.Liability.String(), "a chunk of 256 tasks")
	require.Equal(t, "65350", p.ChunkLiability(&job, 8).String(), "a last chunk of 8")
	require.Equal(t, "7000", p.ChunkLiability(&job, 1).String(), "one task")
	require.Equal(t, "28000", p.AuditLiability(&job, job.Liability, 4).String(), "an auditor of four samples")
	require.Equal(t, "112000", p.AuditLiability(&job, job.Liability, 16).String())
	require.Equal(t, job.Liability, p.AuditLiability(&job, job.Liability, 17), "too many to judge all of them")
	require.Equal(t, "7000", p.JudgeLiability(&job, job.Liability, 1).String())
	p.HonestBps = 2_500 // after the job was posted
	require.Equal(t, job.Liability, p.ChunkLiability(&job, 200), "never more than the job's")
}
