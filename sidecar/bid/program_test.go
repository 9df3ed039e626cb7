package bid

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestWhatFitsIsDoneInTime: if tasks are taken on one after the other, and the most urgent
// runs first on all places, each of them is done before its deadline.
func TestWhatFitsIsDoneInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{MaxJobs: rapid.IntRange(1, 4).Draw(t, "places"), FuelPerBlock: rapid.Uint64Range(1, 20).Draw(t, "rate")}
		var taken []Program
		for range rapid.IntRange(1, 12).Draw(t, "offers") {
			offer := Program{Fuel: rapid.Uint64Range(1, 200).Draw(t, "fuel"), Deadline: 100 + rapid.Int64Range(1, 40).Draw(t, "deadline")}
			if p.fits(taken, offer, 100) {
				taken = append(taken, offer)
			}
		}
		slices.SortStableFunc(taken, func(x, y Program) int { return int(x.Deadline - y.Deadline) })
		busy := make([]uint64, p.MaxJobs) // fuel that was burned on each place
		for _, s := range taken {
			place := slices.Index(busy, slices.Min(busy))
			busy[place] += s.Fuel
			if done := float64(busy[place]) / float64(p.FuelPerBlock); done > float64(s.Deadline-100) {
				t.Fatalf("%+v of %+v is done after %v blocks with %+v", s, taken, done, p)
			}
		}
	})
}

func TestARunningProgramIsNotInterruptedForAnUrgentOne(t *testing.T) {
	p := Policy{MaxJobs: 1, FuelPerBlock: 10}
	urgent := Program{Fuel: 10, Deadline: 5}
	require.False(t, p.fits([]Program{{Fuel: 100, Deadline: 1000, Running: true}}, urgent, 0))
	require.True(t, p.fits([]Program{{Fuel: 100, Deadline: 1000}}, urgent, 0))
}

func TestAnyProgramFitsWithoutARate(t *testing.T) {
	p := Policy{MaxJobs: 1}
	require.True(t, p.fits([]Program{{Fuel: 1 << 50, Deadline: 5}}, Program{Fuel: 1 << 50, Deadline: 5}, 4))
}
