package bid

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSlotsAreTwoPerPlaceOneAheadAndOneForAudits(t *testing.T) {
	for places, want := range map[int]uint32{0: 4, 1: 4, 2: 6, 8: 18, 31: 64, 32: 64, 1 << 40: 64} {
		require.Equal(t, want, SlotsFor(places, 64), "%d", places)
	}
	require.Equal(t, uint32(1), SlotsFor(1, 1))
}

// TestSlotsKeepPlacesBusy: places that always find a chunk to claim do not wait for a slot, if
// the chunks run for at least a minute.
func TestSlotsKeepPlacesBusy(t *testing.T) {
	const ahead, audited, kept = 10, 25, 1
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.IntRange(1, 16).Draw(t, "places")
		run := rapid.IntRange(40, 200).Draw(t, "blocks of a chunk")
		slots := int(SlotsFor(places, 64)) - kept
		free, held := make([]int, places), []int{} // when a place becomes free, and when a slot does
		idle, blocks := 0, 20*run
		for chunk := 0; ; chunk++ {
			claimed := 0
			if chunk >= slots {
				claimed = held[chunk-slots]
			}
			place := chunk % places
			start := max(free[place], claimed+ahead)
			if chunk >= places {
				idle += start - free[place]
			}
			free[place] = start + run
			held = append(held, start+run+audited)
			if start > blocks {
				break
			}
		}
		if idle > 0 {
			t.Fatalf("%d places with %d slots are idle for %d of %d blocks", places, slots, idle, blocks*places)
		}
	})
}
