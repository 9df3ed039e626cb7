package bid

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// TestWhatFitsIsDoneInTime: if tasks are taken on one after the other, and the most urgent
// runs first on all places, each of them is done before its deadline.
func TestWhatFitsIsDoneInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{MaxJobs: rapid.IntRange(1, 4).Draw(t, "places"), FuelPerBlock: rapid.Uint64Range(1, 20).Draw(t, "rate")}
		p.Rates = []Rate{{Executor: "tensor/1", FuelPerBlock: rapid.Uint64Range(1, 20).Draw(t, "rate of tensor/1")}}
		var taken []Program
		for range rapid.IntRange(1, 12).Draw(t, "offers") {
			executor := rapid.SampledFrom([]string{"wasm/1", "tensor/1"}).Draw(t, "executor")
			offer := Program{Executor: executor, Fuel: rapid.Uint64Range(1, 200).Draw(t, "fuel"), Deadline: 100 + rapid.Int64Range(1, 40).Draw(t, "deadline")}
			if p.fits(taken, offer, 100) {
				taken = append(taken, offer)
			}
		}
		slices.SortStableFunc(taken, func(x, y Program) int { return int(x.Deadline - y.Deadline) })
		busy := make([]float64, p.MaxJobs) // blocks for which each place has run programs
		for _, s := range taken {
			place := slices.Index(busy, slices.Min(busy))
			busy[place] += float64(s.Fuel) / float64(p.RateOf(s.Executor))
			if done := busy[place]; done > float64(s.Deadline-100)+1e-6 {
				t.Fatalf("%+v of %+v is done after %v blocks with %+v", s, taken, done, p)
			}
		}
	})
}

// TestProgramsOfSlowProfilesTakeTheirTime: a profile has a rate of its own, and none of its
// programs is planned for longer or shorter than it takes.
func TestProgramsOfSlowProfilesTakeTheirTime(t *testing.T) {
	rates := []Rate{{Executor: "tensor/1", FuelPerBlock: 1}, {Executor: "wasm/1", FuelPerBlock: 10}}
	p := Policy{MaxJobs: 1, FuelPerBlock: 5, Rates: rates}
	fast := Program{Executor: "wasm/1", Fuel: 90, Deadline: 10}
	slow := Program{Executor: "tensor/1", Fuel: 10, Deadline: 20}
	require.True(t, p.fits([]Program{fast}, slow, 0), "9 and 10 blocks")
	slow.Deadline = 19
	require.False(t, p.fits([]Program{fast}, slow, 0))
	require.True(t, Policy{MaxJobs: 1, FuelPerBlock: 10}.fits([]Program{fast}, slow, 0), "one rate for all")
	require.EqualValues(t, 5, p.RateOf("container/1"))

	chunk, audit := Program{Executor: "wasm/1", Fuel: 100, Deadline: 40}, Program{Executor: "tensor/1", Fuel: 20, Deadline: 40}
	require.Equal(t, []int{1, 0}, p.Turns(nil, []Program{audit, chunk}, 0), "100 fuel take less time than 20 of the slow profile")

	p.Rates = []Rate{{Executor: "tensor/1"}, rates[1]}
	require.True(t, p.fits([]Program{fast}, slow, 0), "without a rate, the node does not plan")
	state := edgenodetypes.NodeState{Slots: 9}
	require.Equal(t, 0, Holdings{{ToRun: true}}.FreeSlots(state, p), "and takes no more than it runs at once")
	p.Rates = rates
	require.Equal(t, 9, Holdings{{ToRun: true}}.FreeSlots(state, p))
}

func TestAProgramOfAnyLengthHasATime(t *testing.T) {
	p := Policy{MaxJobs: 2, FuelPerBlock: 1, Rates: []Rate{{Executor: "tensor/1", FuelPerBlock: math.MaxUint64}}}
	require.Equal(t, uint64(math.MaxUint64), p.timeOf(Program{Fuel: math.MaxUint64}))
	require.Equal(t, uint64(1), p.timeOf(Program{Executor: "tensor/1", Fuel: 1}), "rounded up")
	require.EqualValues(t, 3<<timeBits, p.timeOf(Program{Fuel: 3}))
	require.False(t, p.fits([]Program{{Fuel: math.MaxUint64, Deadline: 5}}, Program{Fuel: 1, Deadline: math.MaxInt32}, 0))
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

// drawPrograms generates programs that wait at height 100, and programs that run.
func drawPrograms(t *rapid.T) (p Policy, running, waiting []Program) {
	p = Policy{MaxJobs: rapid.IntRange(1, 4).Draw(t, "places"), FuelPerBlock: rapid.Uint64Range(0, 20).Draw(t, "rate")}
	one := func(runs bool) Program {
		return Program{Fuel: rapid.Uint64Range(1, 200).Draw(t, "fuel"), Deadline: 100 + rapid.Int64Range(1, 60).Draw(t, "deadline"), Running: runs}
	}
	for range rapid.IntRange(0, p.MaxJobs).Draw(t, "running") {
		running = append(running, one(true))
	}
	for range rapid.IntRange(0, 8).Draw(t, "waiting") {
		waiting = append(waiting, one(false))
	}
	return p, running, waiting
}

// TestAShortProgramGoesFirstOnlyIfAllOthersStillEndInTime: what ends in time with the most urgent
// first also does so in the order in which programs get places.
func TestAShortProgramGoesFirstOnlyIfAllOthersStillEndInTime(t *testing.T) {
	changed := 0
	check := func(t *rapid.T) {
		p, running, waiting := drawPrograms(t)
		turns := p.Turns(running, waiting, 100)
		urgent := Policy{}.Turns(running, waiting, 100)
		require.ElementsMatch(t, urgent, turns, "each waits once")
		inOrder := func(turns []int) []Program {
			list := slices.Clone(running)
			for _, i := range turns {
				list = append(list, waiting[i])
			}
			return list
		}
		waits := func(x Program) bool { return !x.Running }
		require.True(t, slices.IsSortedFunc(urgent, func(i, j int) int { return int(waiting[i].Deadline - waiting[j].Deadline) }))
		if p.FuelPerBlock == 0 || !p.inTime(inOrder(urgent), 100, waits) {
			require.Equal(t, urgent, turns)
			return
		}
		require.True(t, p.inTime(inOrder(turns), 100, waits), "%+v %+v %v", running, waiting, turns)
		if !slices.Equal(urgent, turns) {
			changed++
		}
	}
	// A shortened run draws few programs, and the order may change in none of them.
	for draws := 0; changed == 0 && draws < 20; draws++ {
		rapid.Check(t, check)
	}
	require.NotZero(t, changed)
}

func TestAnAuditDoesNotWaitForAChunkThatCanWait(t *testing.T) {
	p := Policy{MaxJobs: 1, FuelPerBlock: 10}
	running := []Program{{Fuel: 300, Deadline: 150, Running: true}}
	chunk, audit := Program{Fuel: 900, Deadline: 140}, Program{Fuel: 50, Deadline: 180}
	require.Equal(t, []int{1, 0}, p.Turns(running, []Program{chunk, audit}, 0))
	chunk.Deadline = 122
	require.Equal(t, []int{0, 1}, p.Turns(running, []Program{chunk, audit}, 0), "the chunk would be late")
	require.Equal(t, []int{0, 1}, Policy{MaxJobs: 1}.Turns(running, []Program{chunk, audit}, 0), "no rate")
	require.Empty(t, p.Turns(running, nil, 0))
}
