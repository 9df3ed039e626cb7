package guard

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSumsCostAtMostTheirShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, b := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), newBudget()
		earned, spent, largest := uint64(0), uint64(0), uint64(0)
		for range rapid.IntRange(1, 300).Draw(t, "calls") {
			fuel := rapid.Uint64Range(0, 1<<34).Draw(t, "fuel")
			b.earn(fuel)
			earned, largest = earned+fuel/budgetShare, max(largest, fuel/budgetShare)
			if cost := rapid.Uint64Range(1, 1<<28).Draw(t, "cost"); b.spend(random, cost) {
				spent += cost
			}
			require.LessOrEqual(t, spent, budgetMost+earned)
			require.LessOrEqual(t, b.credit, max(uint64(budgetMost), largest))
		}
	})
}

// With little credit, chance decides: each place of a loop has its turn.
func TestNoPlaceOfALoopIsAlwaysLeftOut(t *testing.T) {
	random, b := rand.New(rand.NewPCG(1, 2)), newBudget()
	const places = 16
	var seen [places]int
	for i := range 200_000 {
		b.earn(60_000)
		if b.spend(random, 40_000) && i > 10_000 {
			seen[i%places]++
		}
	}
	for place, times := range seen {
		require.InDelta(t, 190_000*60_000/budgetShare/40_000/places, times, 150, place)
	}
}

// A product whose share is larger than any credit pays for its own sum.
func TestALargeProductPaysForItself(t *testing.T) {
	random, b := rand.New(rand.NewPCG(1, 3)), newBudget()
	b.earn(1 << 40)
	require.True(t, b.spend(random, 1<<35))
}
