package types_test

import (
	gomath "math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestTheSampleGrowsAsTheChunkUsesLessFuelThanItMay(t *testing.T) {
	for _, c := range []struct {
		count      uint64
		samples    uint32
		most, fuel uint64
		want       uint64
	}{
		{256, 4, 100, 25_600, 4}, // all tasks use all their fuel
		{256, 4, 100, 12_800, 8}, // they use half of it
		{256, 4, 100, 12_799, 9}, // rounded up
		{256, 4, 100, 100, 256},  // one of them uses fuel
		{256, 4, 100, 0, 256},    // none does
		{3, 4, 100, 300, 3},      // fewer than the samples
		{1, 1, 100, 100, 1},      // a single task
		{4096, 64, 1 << 50, 1, 4096},
		{4096, 64, 1 << 50, 4096 << 50, 64},
	} {
		require.Equal(t, c.want, types.SampleSize(c.count, c.samples, c.most, c.fuel), "%+v", c)
	}
}

func TestSamplesAreDifferentTasksOfTheChunkInOrder(t *testing.T) {
	id, err := types.ParseJobID("7-0-0")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.Uint64Range(1, types.MaxChunkTasks).Draw(t, "count")
		n := rapid.Uint64Range(1, min(count, types.MaxSamples)).Draw(t, "n")
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
		drawn := types.SampleTasks(seed, id, 5, count, n)
		require.Len(t, drawn, int(n))
		require.True(t, slices.IsSorted(drawn))
		require.Len(t, slices.Compact(slices.Clone(drawn)), int(n))
		require.Less(t, uint64(drawn[n-1]), count)
	})
	var hits [10]int
	for i := range 2_000 {
		for _, p := range types.SampleTasks([]byte{byte(i), byte(i >> 8)}, id, 5, 10, 3) {
			hits[p]++
		}
	}
	for p, n := range hits {
		require.InDelta(t, 600, n, 100, "task %d", p) // three of ten; the standard deviation is 20
	}
	require.NotEqual(t, types.SampleTasks([]byte{1}, id, 5, 4096, 8), types.SampleTasks([]byte{1}, id, 6, 4096, 8), "each chunk has its own samples")
}

// TestALieInAnyShareOfAChunkLoses: whichever tasks of a chunk a node skips, and whatever fuel
// it states for them, it loses in expectation. It gains at most the pay of the work that it
// skips. If it is found out, it loses the liability and the pay of the chunk, although it has
// worked for the rest.
func TestALieInAnyShareOfAChunkLoses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := types.DefaultParams()
		p.MinLiability = math.OneInt()
		p.HonestBps = rapid.Uint32Range(1_000, types.BasisPoints).Draw(t, "honest")
		p.Escalation = []uint32{1}
		policy := types.Policy{
			Kind: types.POLICY_KIND_AUDIT, Replicas: 1, Auditors: 1,
			AuditBps: rapid.Uint32Range(1_000, types.BasisPoints).Draw(t, "audited"),
			Samples:  rapid.Uint32Range(1, types.MaxSamples).Draw(t, "samples"),
		}
		const most = 1_000_000
		n := rapid.Uint64Range(2, types.MaxChunkTasks).Draw(t, "tasks")
		heavy := rapid.Uint64Range(0, n).Draw(t, "heavy")
		light := rapid.Uint64Range(1, most).Draw(t, "light")
		fuel := heavy*most + (n-heavy)*light
		// The node skips some heavy tasks and some light ones, and states any fuel for each.
		skipHeavy := rapid.Uint64Range(0, heavy).Draw(t, "skips heavy")
		skipLight := rapid.Uint64Range(0, n-heavy).Draw(t, "skips light")
		skipped := skipHeavy + skipLight
		said := fuel - skipHeavy*most - skipLight*light + skipped*rapid.Uint64Range(0, most).Draw(t, "says")

		samples := types.SampleSize(n, policy.Samples, most, said)
		missed := 1.0 // the probability that no sample is false
		for i := range samples {
			missed *= max(0, float64(n-skipped)-float64(i)) / float64(n-i)
		}
		found := float64(policy.AuditBps) / types.BasisPoints * float64(p.HonestBps) / types.BasisPoints * (1 - missed)
		pay := float64(n) * 1_000
		saved := pay * float64(skipHeavy*most+skipLight*light) / float64(fuel)
		liability := float64(p.Liability(math.NewInt(1_000), policy, true, n).Int64())
		gain := (1-found)*saved - found*(liability+pay-saved)
		// exp(-samples) is rounded up to whole basis points in the liability.
		require.LessOrEqual(t, gain, 1e-9*pay, "skips %d of %d tasks, %.4f of the fuel, states %d of %d: %d samples find it with %.6f, liability %.0f of pay %.0f",
			skipped, n, saved/pay, said, fuel, samples, found, liability, pay)
		require.False(t, gomath.IsNaN(gain))
	})
}

func TestTheLiabilityOfASampledChunkCoversItsPayAndThatOfItsSamples(t *testing.T) {
	p := types.DefaultParams()
	p.MinLiability = math.OneInt()
	policy := types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, Auditors: 1, AuditBps: types.BasisPoints, Samples: 4}
	require.Equal(t, "330798", p.Liability(math.NewInt(1_000), policy, true, 256).String(), "half of all auditors are honest: D = 0.4908")
	require.Equal(t, "7000", p.Liability(math.NewInt(1_000), policy, true, 1).String())
	require.Equal(t, "16450", p.Liability(math.NewInt(1_000), policy, true, 8).String())
	require.Equal(t, "8000", p.Liability(math.NewInt(1_000), policy, true, 4).String(), "all tasks are sampled: D = 1/2")
}

// TestAPartOfAChunkCostsAtMostItsPay: if a node leaves a rest to others, its requester pays at
// most one reward for each task of its part, its auditors included.
func TestAPartOfAChunkCostsAtMostItsPay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 1_000
		p := types.Policy{
			Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: rapid.Uint32Range(0, types.BasisPoints).Draw(t, "audited"),
			Auditors: rapid.Uint32Range(1, 8).Draw(t, "auditors"), Samples: rapid.Uint32Range(1, types.MaxSamples).Draw(t, "samples"),
		}
		tasks := rapid.Uint64Range(1, types.MaxChunkTasks).Draw(t, "tasks")
		fuel := rapid.Uint64Range(1, tasks*most).Draw(t, "fuel")
		wanted := types.WantedSamples(tasks, p.Samples, most, fuel)
		if !p.PaysAudit(tasks, most, fuel) {
			require.Greater(t, p.Auditors, uint32(1), "one auditor never executes more than the part has tasks")
			return
		}
		if p.AuditBps == 0 || tasks == types.MaxSamples && wanted > types.MaxSamples {
			return // it is not audited, or the node may not commit to more
		}
		audit := types.SampleSize(tasks, p.Samples, most, fuel) * uint64(p.Auditors)
		require.LessOrEqual(t, tasks-min(tasks, audit)+audit, tasks)
	})
}

// TestANodeMayCommitToSomePartOfAnyChunk: whatever the tasks of a chunk use, a node that has
// executed them may commit to all of them or to some first ones.
func TestANodeMayCommitToSomePartOfAnyChunk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 1_000_000
		p := types.Policy{
			Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: types.BasisPoints,
			Auditors: rapid.Uint32Range(1, 4).Draw(t, "auditors"), Samples: rapid.Uint32Range(1, types.MaxSamples).Draw(t, "samples"),
		}
		count := rapid.Uint64Range(1, min(p.MostTasks(), 200)).Draw(t, "tasks")
		head, tail := rapid.Uint64Range(1, most).Draw(t, "fuel of a first task"), rapid.Uint64Range(1, most).Draw(t, "fuel of a last task")
		turn := rapid.Uint64Range(0, count).Draw(t, "first tasks")
		allowed := uint64(0)
		for tasks := count; tasks > 0; tasks-- {
			fuel := min(tasks, turn)*head + (tasks-min(tasks, turn))*tail
			sampled := tasks <= types.MaxSamples || types.WantedSamples(tasks, p.Samples, most, fuel) <= types.MaxSamples
			if sampled && (tasks == count || p.PaysAudit(tasks, most, fuel)) {
				allowed = tasks
				break
			}
		}
		require.Positive(t, allowed)
	})
}

// TestTheLeastFuelIsWhatACommitmentNeeds: below it an audit would sample more than it may, and
// from it on it would not.
func TestTheLeastFuelIsWhatACommitmentNeeds(t *testing.T) {
	const most, count = 1_000_000, 256
	for samples := uint32(1); samples <= types.MaxSamples; samples++ {
		least := types.LeastFuelBps(count, samples)
		require.LessOrEqual(t, types.SampleSize(count, samples, most, count*most/types.BasisPoints*least), uint64(types.MaxSamples))
		require.Greater(t, types.SampleSize(count, samples, most, count*most/types.BasisPoints*(least-1)), uint64(types.MaxSamples), "%d samples", samples)
	}
	require.EqualValues(t, 9_063, types.LeastFuelBps(65, types.MaxWholeSamples))
	require.Zero(t, types.LeastFuelBps(types.MaxSamples, types.MaxSamples))
}
