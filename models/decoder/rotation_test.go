package decoder

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRotationsAreThoseOfTheAngle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 100_000 {
		angle := r.Uint64()
		if i < 64 {
			angle = 1 << i
		} else if i < 128 {
			angle = -(1 << (i - 64))
		}
		turns, _ := new(big.Float).SetMantExp(new(big.Float).SetUint64(angle), -64).Float64()
		s, c := math.Sincos(2 * math.Pi * turns)
		cos, sin := rotation(angle)
		require.InDelta(t, c*(1<<30), float64(cos), 0.51, "%x", angle)
		require.InDelta(t, s*(1<<30), float64(sin), 0.51, "%x", angle)
	}
}

func TestQuartersOfATurnAreExact(t *testing.T) {
	for i, want := range [][2]int32{{1 << 30, 0}, {0, 1 << 30}, {-1 << 30, 0}, {0, -1 << 30}} {
		cos, sin := rotation(uint64(i) << 62)
		require.Equal(t, want, [2]int32{cos, sin})
	}
}
