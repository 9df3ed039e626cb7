package ref_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

// model returns numbers of the normal distribution with 16 places after the point.
func model(r *rand.Rand, n int, deviation, mean float64) []int32 {
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(math.Round((r.NormFloat64()*deviation + mean) * 65536))
	}
	return x
}

func gains(r *rand.Rand, n int) []int16 {
	x := make([]int16, n)
	for i := range x {
		x[i] = int16(math.Round(r.NormFloat64() * 4096))
	}
	return x
}

// normal is the norm of a row in floats, with the mean subtracted or not.
func normal(x []int32, gain []int16, bias []int32, centered bool, epsilon float64) []float64 {
	mean, square := 0.0, 0.0
	for _, v := range x {
		mean += float64(v) / 65536 / float64(len(x))
	}
	if !centered {
		mean = 0
	}
	for _, v := range x {
		d := float64(v)/65536 - mean
		square += d * d / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (float64(v)/65536 - mean) / math.Sqrt(square+epsilon)
		if gain != nil {
			out[i] *= float64(gain[i]) / 4096
		}
		if bias != nil {
			out[i] += float64(bias[i]) / 65536
		}
	}
	return out
}

// epsilonOf is the parameter for an epsilon that is added to the mean square.
func epsilonOf(epsilon float64, n int) uint64 {
	return uint64(math.Round(math.Ldexp(epsilon*float64(n), 32)))
}

// requireNear compares numbers with 16 places after the point.
func requireNear(t *testing.T, want []float64, got []int32, relative float64) {
	t.Helper()
	for i, w := range want {
		require.InDelta(t, w, float64(got[i])/65536, math.Abs(w)*relative+2e-5)
	}
}

func TestRMSNormIsNearFloats(t *testing.T) {
	r := source(10)
	for _, cols := range []int{4, 64, 2048} {
		for _, size := range []float64{1e-3, 1, 300} {
			o := &tensor.RMSNorm{Rows: 2, Cols: uint32(cols), GainFraction: 12, Fraction: 16, Epsilon: epsilonOf(1e-5, cols)}
			x, gain := model(r, 2*cols, size, 0), gains(r, cols)
			out, out8, scale := make([]int32, 2*cols), make([]int8, 2*cols), make([]fixed.Scale, 2)
			ref.RMSNorm(o, x, gain, out, nil, nil)
			ref.RMSNorm(o, x, gain, nil, out8, scale)
			for row := range 2 {
				want := normal(x[row*cols:][:cols], gain, nil, false, 1e-5)
				requireNear(t, want, out[row*cols:], 2e-4)
				for i, w := range want {
					require.InDelta(t, w, float64(out8[row*cols+i])*float(scale[row]), float(scale[row])*0.501+math.Abs(w)*2e-4+2e-5)
				}
			}
			o.GainFraction = 0
			ref.RMSNorm(o, x, nil, out, nil, nil)
			requireNear(t, normal(x[:cols], nil, nil, false, 1e-5), out, 2e-4)
		}
	}
}

func TestLayerNormIsNearFloats(t *testing.T) {
	r := source(11)
	const cols = 768
	for _, mean := range []float64{0, -3} {
		o := &tensor.LayerNorm{Rows: 2, Cols: cols, GainFraction: 12, Fraction: 16, Epsilon: epsilonOf(1e-5, cols)}
		x, gain, bias, out := model(r, 2*cols, 1, mean), gains(r, cols), model(r, cols, 1, 0), make([]int32, 2*cols)
		ref.LayerNorm(o, x, gain, bias, out, nil, nil)
		for row := range 2 {
			requireNear(t, normal(x[row*cols:][:cols], gain, bias, true, 1e-5), out[row*cols:], 3e-4)
		}
	}
}

func TestGroupNormIsLayerNormOverAGroup(t *testing.T) {
	r := source(12)
	const batch, pixels, channels, groups = 2, 30, 12, 3
	const width = channels / groups
	o := &tensor.GroupNorm{Batch: batch, Pixels: pixels, Channels: channels, Groups: groups, GainFraction: 12, Fraction: 16, Epsilon: epsilonOf(1e-5, pixels*width)}
	x, gain, bias, out := model(r, batch*pixels*channels, 1, 2), gains(r, channels), model(r, channels, 1, 0), make([]int32, batch*pixels*channels)
	ref.GroupNorm(o, x, gain, bias, out)
	for b := range batch {
		for g := range groups {
			var places []int
			var values, biases []int32
			var gained []int16
			for p := range pixels {
				for c := g * width; c < (g+1)*width; c++ {
					at := (b*pixels+p)*channels + c
					places, values = append(places, at), append(values, x[at])
					gained, biases = append(gained, gain[c]), append(biases, bias[c])
				}
			}
			for i, want := range normal(values, gained, biases, true, 1e-5) {
				require.InDelta(t, want, float64(out[places[i]])/65536, math.Abs(want)*3e-4+3e-5)
			}
		}
	}
}

// A norm of zeros, of one number and of the largest numbers is a number, too.
func TestNormsOfExtremes(t *testing.T) {
	for _, c := range []struct {
		x       []int32
		epsilon uint64
		want    []int32
	}{
		{[]int32{0, 0, 0, 0}, 0, []int32{0, 0, 0, 0}},
		{[]int32{0, 0, 0, 0}, 1 << 62, []int32{0, 0, 0, 0}},
		{[]int32{1, 0, 0, 0}, 0, []int32{2 << 16, 0, 0, 0}},
		{[]int32{1 << 20, 1 << 20, -1 << 20, 1 << 20}, 0, []int32{1 << 16, 1 << 16, -1 << 16, 1 << 16}},
		{[]int32{math.MinInt32, math.MinInt32, math.MinInt32, math.MinInt32}, 0, []int32{-1 << 16, -1 << 16, -1 << 16, -1 << 16}},
	} {
		out := make([]int32, 4)
		ref.RMSNorm(&tensor.RMSNorm{Rows: 1, Cols: 4, Fraction: 16, Epsilon: c.epsilon}, c.x, nil, out, nil, nil)
		for i, want := range c.want {
			require.InDelta(t, want, out[i], 1, c)
		}
	}
	out := make([]int32, 2)
	ref.LayerNorm(&tensor.LayerNorm{Rows: 1, Cols: 2, Fraction: 16}, []int32{math.MinInt32, math.MaxInt32}, nil, nil, out, nil, nil)
	require.InDelta(t, -65536, out[0], 2)
	require.InDelta(t, 65536, out[1], 2)
}
