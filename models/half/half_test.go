package half_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/half"
)

func TestEveryHalfComesBack(t *testing.T) {
	for i := range 1 << 16 {
		bits := uint16(i)
		if f := half.F16(bits); f == f {
			require.Equal(t, bits, half.ToF16(f), "F16 %04x", bits)
		} else {
			require.Equal(t, uint16(0x7c00), half.ToF16(f)&0x7c00)
		}
		if f := half.BF16(bits); f == f {
			require.Equal(t, bits, half.ToBF16(f), "BF16 %04x", bits)
		}
	}
}

func TestHalvesHaveTheValuesOfTheStandard(t *testing.T) {
	for bits, value := range map[uint16]float32{
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: 0x1p-24, 0x03ff: 0x1p-14 - 0x1p-24, 0x0400: 0x1p-14, 0x3555: 0.333251953125,
		0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)),
	} {
		require.Equal(t, value, half.F16(bits))
	}
	require.Equal(t, float32(-1.5), half.BF16(0xbfc0))
}

func TestRoundingIsToTheNearestAndTiesToEven(t *testing.T) {
	for value, bits := range map[float32]uint16{
		65519: 0x7bff, 65520: 0x7c00, 1e9: 0x7c00, -1e9: 0xfc00, 0x1p-25: 0, 0x1.8p-25: 1, 0x1p-26: 0, 1 + 0x1p-11: 0x3c00, 1 + 0x3p-11: 0x3c02,
	} {
		require.Equal(t, bits, half.ToF16(value), "%g", value)
	}
	require.Equal(t, uint16(0x3f80), half.ToBF16(1+0x1p-8))
	require.Equal(t, uint16(0x3f82), half.ToBF16(1+0x3p-8))
}
