package adversary

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// The liability makes a lie about any share of a chunk a loss against honest work, even if the
// ring is paid for all work that it skips and owns a third of the auditors, who are paid for as
// many samples as a lie about the fuel gives them.
func TestNoPartOfAChunkIsWorthALie(t *testing.T) {
	const h, friend = 0.5, 1.0 / 3
	for _, q := range []float64{1, 0.25, 0.05} {
		u := usual()
		pay, whole := u.reward*chunkTasks, q*h*(1-math.Exp(-chunkSamples))
		u.liability = math.Max(math.Max(u.liability, pay), math.Max(pay*(1-whole)/whole, pay/(q*h*chunkSamples)))
		for skipped := 1; skipped <= chunkTasks; skipped++ {
			for _, samples := range []int{chunkSamples, chunkTasks} {
				p := skippedPart{terms: u, tasks: chunkTasks, skipped: skipped, samples: samples, share: float64(skipped) / chunkTasks}
				require.Negative(t, p.outcome(q, friend).mean-p.worth(q, friend), "%d tasks, %d samples, q = %g", skipped, samples, q)
				p.hides = true
				require.Negative(t, p.outcome(q, friend).mean-p.worth(q, friend), "%d tasks, %d samples, hidden, q = %g", skipped, samples, q)
			}
		}
	}
}

func TestASampleMissesALieAsOftenAsDrawingGives(t *testing.T) {
	p := skippedPart{tasks: 20, skipped: 1, samples: 4}
	require.InDelta(t, 16.0/20, p.missed(), 1e-12)
	p.skipped = 17
	require.Zero(t, p.missed(), "any four tasks contain one of 17 of 20")
	p.skipped = 16
	require.InDelta(t, 1/choose(20, 4), p.missed(), 1e-12)
}

// A chunk that uses little of the fuel that its tasks may use is sampled more.
func TestTheSampleOfAForecastFollowsTheFuel(t *testing.T) {
	tasks, stated := make([]answer, chunkTasks), map[int]uint64{}
	for i := range tasks {
		tasks[i].fuel = 200
		if isHeavy(uint32(i)) {
			tasks[i].fuel = 1_000
		}
		stated[i] = 1_000
	}
	require.Equal(t, 15, sampleOf(tasks, nil), "5.6 tasks' fuel")
	require.Equal(t, chunkSamples, sampleOf(tasks, stated))
	require.Equal(t, chunkTasks, sampleOf(tasks, map[int]uint64{5: 1, 15: 1}))
}

// A heavy task of an uneven program uses about five times as much fuel as a light one.
func TestOneTaskInTenOfAnUnevenProgramIsHeavy(t *testing.T) {
	fuel, l := make(map[string]float64), newLab(t.TempDir())
	defer func() { require.NoError(t, l.close()) }()
	for _, task := range []string{"5", "15", "4", "14"} {
		found, err := l.compute(t.Context(), small(uneven(), task))
		require.NoError(t, err)
		require.Zero(t, found.exit)
		require.Less(t, found.fuel, uint64(programFuel))
		fuel[task] = float64(found.fuel)
	}
	require.InDelta(t, 5, fuel["15"]/fuel["14"], 1)
	require.InDelta(t, 5, fuel["5"]/fuel["4"], 1)
}
