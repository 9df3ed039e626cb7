package types_test

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

var drawnJob = types.JobID{Height: 9, Tx: 1}

func seed(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func address(n int) sdk.AccAddress {
	return binary.BigEndian.AppendUint64(bytes.Repeat([]byte{5}, 12), uint64(n))
}

func number(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

func TestRanksAndThresholdsCompareAsNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weight := func(label string) math.Int {
			bits := rapid.IntRange(1, 96).Draw(t, label+" bits")
			w := new(big.Int).Lsh(big.NewInt(1), uint(bits))
			return math.NewIntFromBigInt(w.Sub(w, big.NewInt(rapid.Int64Range(1, 2).Draw(t, label+" less")))).AddRaw(1)
		}
		rank := func(label string) []byte {
			w := math.MinInt(weight(label), math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 96)).SubRaw(1))
			return types.Rank(seed(rapid.Uint64().Draw(t, label+" seed")), drawnJob, 0, 0, 0, address(1), w)
		}
		a, b := rank("a"), rank("b")
		limit := types.Threshold(rapid.Uint32Range(1, 1_000).Draw(t, "factor"), rapid.Uint32Range(1, 64).Draw(t, "slots"),
			rapid.Uint32().Draw(t, "attempt"), weight("class"))
		require.Len(t, a, types.RankSize)
		require.Len(t, limit, types.RankSize)
		require.Equal(t, number(a).Cmp(number(b)), bytes.Compare(a, b))
		require.Equal(t, number(a).Cmp(number(limit)), bytes.Compare(a, limit))
	})
}

func TestARankDependsOnEveryPartOfItsDraw(t *testing.T) {
	w := math.NewInt(1_000)
	rank := types.Rank(seed(1), drawnJob, 0, 0, 0, address(1), w)
	require.Equal(t, rank, types.Rank(seed(1), drawnJob, 0, 0, 0, address(1), w))
	for name, other := range map[string][]byte{
		"seed":     types.Rank(seed(2), drawnJob, 0, 0, 0, address(1), w),
		"job":      types.Rank(seed(1), types.JobID{Height: 9, Tx: 1, N: 1}, 0, 0, 0, address(1), w),
		"task":     types.Rank(seed(1), drawnJob, 1, 0, 0, address(1), w),
		"round":    types.Rank(seed(1), drawnJob, 0, 1, 0, address(1), w),
		"attempt":  types.Rank(seed(1), drawnJob, 0, 0, 1, address(1), w),
		"operator": types.Rank(seed(1), drawnJob, 0, 0, 0, address(2), w),
	} {
		require.NotEqual(t, rank, other, name)
	}
}

func TestTheThresholdHalvesWhenTheClassDoublesAndDoublesWithEveryRedraw(t *testing.T) {
	// A power of two divides without a remainder.
	w := math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 80))
	base := number(types.Threshold(4, 3, 0, w))
	double := new(big.Int).Lsh(base, 1)
	require.Zero(t, base.Cmp(new(big.Int).Lsh(number(types.Threshold(4, 3, 0, w.MulRaw(2))), 1)), "class weight")
	require.Zero(t, double.Cmp(number(types.Threshold(4, 6, 0, w))), "slots")
	require.Zero(t, double.Cmp(number(types.Threshold(8, 3, 0, w))), "factor")
	for attempt := uint32(1); attempt <= 16; attempt++ {
		require.Zero(t, new(big.Int).Lsh(base, uint(attempt)).Cmp(number(types.Threshold(4, 3, attempt, w))), "attempt %d", attempt)
	}
	require.Equal(t, types.Threshold(4, 3, 16, w), types.Threshold(4, 3, 1<<31, w), "widening ends")
	all := bytes.Repeat([]byte{0xff}, types.RankSize)
	require.Equal(t, all, types.Threshold(1_000, 64, 16, math.OneInt()), "a tiny class lets everybody in")
}

// won draws many times among nodes of the given weights and returns how many slots each node
// won. The seeds are fixed, so that the numbers never change.
func won(draws, slots int, weights []math.Int) []int {
	class := math.ZeroInt()
	for _, w := range weights {
		class = class.Add(w)
	}
	wins := make([]int, len(weights))
	limit := types.Threshold(4, uint32(slots), 0, class)
	for d := range draws {
		type entry struct {
			node int
			rank []byte
		}
		var best []entry
		for n, w := range weights {
			rank := types.Rank(seed(uint64(d)), drawnJob, 0, 0, 0, address(n), w)
			if bytes.Compare(rank, limit) >= 0 {
				continue
			}
			at := len(best)
			for at > 0 && bytes.Compare(rank, best[at-1].rank) < 0 {
				at--
			}
			best = append(best[:at], append([]entry{{n, rank}}, best[at:]...)...)
			if len(best) > slots {
				best = best[:slots]
			}
		}
		for _, e := range best {
			wins[e.node]++
		}
	}
	return wins
}

func weights(n int, w int64) []math.Int {
	out := make([]math.Int, n)
	for i := range out {
		out[i] = math.NewInt(w)
	}
	return out
}

func sum(n []int) (total int) {
	for _, v := range n {
		total += v
	}
	return total
}

// A tenth of the bonds of a class wins a tenth of the draws with one slot, in one node and in
// ten: splitting a bond gains nothing.
func TestSplittingABondOverManyNodesGainsNothing(t *testing.T) {
	const draws = 6_000
	whole := won(draws, 1, append(weights(90, 1_000), math.NewInt(10_000)))
	split := won(draws, 1, append(weights(90, 1_000), weights(10, 1_000)...))
	require.InDelta(t, draws/10, whole[90], 100, "the node wins by its weight")
	require.InDelta(t, draws/10, sum(split[90:]), 100, "so do its parts together")
	require.Less(t, sum(split[90:])-whole[90], 100, "splitting gains no more than noise")
}

// If a draw has several slots, a node takes at most one of them, and the parts of a split
// bond never take more than the bond's share of them.
func TestTheSharesOfManySlotsStayBelowTheShareOfTheBond(t *testing.T) {
	const draws, slots = 4_000, 3
	whole := won(draws, slots, append(weights(98, 1_000), math.NewInt(2_000)))
	split := won(draws, slots, append(weights(98, 1_000), weights(20, 100)...))
	fair := draws * slots * 2 / 100
	require.InDelta(t, fair, whole[98], 60)
	require.InDelta(t, fair, sum(split[98:]), 60)
}

// About factor nodes are eligible per slot, however large the class is.
func TestAHandfulOfNodesIsEligibleWhateverTheSizeOfTheClass(t *testing.T) {
	for _, n := range []int{40, 400, 4_000} {
		limit := types.Threshold(4, 3, 0, math.NewInt(int64(n)*1_000))
		eligible := 0
		const draws = 20
		for d := range draws {
			for node := range n {
				if bytes.Compare(types.Rank(seed(uint64(d)), drawnJob, 0, 0, 0, address(node), math.NewInt(1_000)), limit) < 0 {
					eligible++
				}
			}
		}
		require.InDelta(t, 12, float64(eligible)/draws, 2.5, "%d nodes", n)
	}
}

// Audits happen as often as the policy says, and are independent of the draws.
func TestAuditsAreDrawnAsOftenAsThePolicySays(t *testing.T) {
	const tasks = 20_000
	for _, points := range []uint32{0, 500, 2_500, 10_000} {
		drawn := 0
		for task := range uint64(tasks) {
			if types.AuditDrawn(seed(7), drawnJob, task, points) {
				drawn++
			}
		}
		expected := float64(tasks) * float64(points) / types.BasisPoints
		require.InDelta(t, expected, drawn, 250, "%d basis points", points)
		if points == 0 || points == types.BasisPoints {
			require.EqualValues(t, expected, drawn, "never and always are exact")
		}
	}
	differs := false
	for task := range uint64(200) {
		differs = differs || types.AuditDrawn(seed(7), drawnJob, task, 5_000) != types.AuditDrawn(seed(8), drawnJob, task, 5_000)
		if types.AuditDrawn(seed(7), drawnJob, task, 500) {
			require.True(t, types.AuditDrawn(seed(7), drawnJob, task, 5_000), "who is audited rarely is audited often")
		}
	}
	require.True(t, differs, "it follows the seed")
}
