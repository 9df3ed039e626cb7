package bid

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestSlotsAreThreePerPlace(t *testing.T) {
	for places, want := range map[int]uint32{0: 3, 1: 3, 2: 6, 8: 24, 21: 63, 22: 64, 1 << 40: 64} {
		require.Equal(t, want, SlotsFor(places, 64), "%d", places)
	}
	require.Equal(t, uint32(1), SlotsFor(1, 1))
}

// TestAnArrayOpensTwoChunksPerPlace: one runs, and one waits or has its round. Fewer would leave
// places without work, and no place could take more.
func TestAnArrayOpensTwoChunksPerPlace(t *testing.T) {
	params, policy := computetypes.DefaultParams(), computetypes.Policy{Replicas: 1, AuditBps: 1_000, Auditors: 1}
	for nodes := uint64(2); nodes < 40; nodes++ {
		for places := uint64(1); places <= 8 && nodes*places < 100; places++ {
			window := params.UnrollWindow(policy, nodes*uint64(SlotsFor(int(places), 64)))
			require.GreaterOrEqual(t, window, 2*nodes*places)
			require.Less(t, 2*window, 5*nodes*places)
		}
	}
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
