package ref_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 77)) }

// bytes returns elements of eight bits, one in eight of them -128.
func bytes(r *rand.Rand, n int) []int8 {
	x := make([]int8, n)
	for i := range x {
		x[i] = int8(r.Uint32())
		if r.IntN(8) == 0 {
			x[i] = math.MinInt8
		}
	}
	return x
}

// words returns elements of 32 bits of all sizes.
func words(r *rand.Rand, n int) []int32 {
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(r.Uint32()) >> r.IntN(32)
		if r.IntN(16) == 0 {
			x[i] = math.MinInt32
		}
	}
	return x
}

// scalesOf returns scales of all sizes, mostly near those of models.
func scalesOf(r *rand.Rand, n int) []fixed.Scale {
	x := make([]fixed.Scale, n)
	for i := range x {
		x[i] = fixed.Scale{M: int32(r.Uint32()), E: 20 + r.Int32N(40)}
		if r.IntN(8) == 0 {
			x[i].E = int32(r.Uint32())
		}
	}
	return x
}

// value is what a scale means.
func value(s fixed.Scale) *big.Rat {
	v := new(big.Rat).SetInt64(int64(s.M & 0x7fffffff))
	return v.Mul(v, power(-min(max(s.E, -512), 512)))
}

// power returns 2^n.
func power(n int32) *big.Rat {
	p := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(max(n, -n))))
	if n < 0 {
		return p.Inv(p)
	}
	return p
}

// float returns a scale as a float.
func float(s fixed.Scale) float64 {
	f, _ := value(s).Float64()
	return f
}

func TestGemmIsTheSumOfProducts(t *testing.T) {
	r := source(1)
	o := &tensor.Gemm{Batch: 3, M: 4, N: 5, K: 36}
	for _, o.SharedW = range []bool{false, true} {
		a, w, out := bytes(r, 3*4*36), bytes(r, 3*5*36), make([]int32, 3*4*5)
		ref.Gemm(o, a, w, out)
		for b := range 3 {
			for m := range 4 {
				for n := range 5 {
					matrix := b
					if o.SharedW {
						matrix = 0
					}
					sum := new(big.Int)
					for k := range 36 {
						sum.Add(sum, big.NewInt(int64(a[(b*4+m)*36+k])*int64(w[(matrix*5+n)*36+k])))
					}
					require.Equal(t, sum.Int64(), int64(out[(b*4+m)*5+n]))
				}
			}
		}
	}
}

// No sum of the largest K overflows.
func TestGemmOfTheLargestSumIsExact(t *testing.T) {
	a := make([]int8, tensor.MaxK)
	for i := range a {
		a[i] = math.MinInt8
	}
	out := make([]int32, 1)
	ref.Gemm(&tensor.Gemm{Batch: 1, M: 1, N: 1, K: tensor.MaxK}, a, a, out)
	require.EqualValues(t, 1<<30, out[0])
}

func TestExpand4IsTheClampedProduct(t *testing.T) {
	r := source(2)
	o := &tensor.Expand4{N: 3, K: 64, Group: 16}
	w, gain, zero, out := make([]byte, 96), bytes(r, 12), bytes(r, 12), make([]int8, 192)
	for i := range w {
		w[i] = byte(r.Uint32())
	}
	for _, zero := range [][]int8{nil, zero} {
		ref.Expand4(o, w, gain, zero, out)
		for i, got := range out {
			v := int(w[i/2] >> (4 * (i % 2)) & 15)
			if v > 7 {
				v -= 16
			}
			if zero != nil {
				v -= int(zero[i/16])
			}
			require.EqualValues(t, min(max(v*int(gain[i/16]), -127), 127), got)
		}
	}
}

// Rescale is the exact product of number and scales, up to what two cuts to 31 bits take away and
// one rounding.
func TestRescaleIsNearTheExactProduct(t *testing.T) {
	r := source(3)
	const rows, cols = 40, 40
	o := &tensor.Rescale{Rows: rows, Cols: cols}
	for round := range 12 {
		o.Fraction, o.OneRow, o.OneCol = r.Int32N(40)-8, r.IntN(3) == 0, r.IntN(3) == 0
		acc, row, col, out := words(r, rows*cols), scalesOf(r, rows), scalesOf(r, cols), make([]int32, rows*cols)
		var residual []int32
		if round%2 == 0 {
			residual = words(r, rows*cols)
		}
		ref.Rescale(o, acc, row, col, residual, out)
		for i, got := range out {
			at, to := i/cols, i%cols
			if o.OneRow {
				at = 0
			}
			if o.OneCol {
				to = 0
			}
			exact := new(big.Rat).SetInt64(int64(acc[i]))
			exact.Mul(exact, value(row[at])).Mul(exact, value(col[to])).Mul(exact, power(o.Fraction))
			want, _ := exact.Float64()
			want = min(max(want, -fixed.Max), fixed.Max)
			if residual != nil {
				want = min(max(want+float64(residual[i]), math.MinInt32), math.MaxInt32)
			}
			require.InDelta(t, want, float64(got), 0.51+math.Abs(want)*1e-9+4, "%d %v %v", acc[i], row[at], col[to])
		}
	}
}

func TestRescaleToEightBitsStaysWithin127(t *testing.T) {
	o := &tensor.Rescale{Rows: 1, Cols: 8}
	one := []fixed.Scale{{M: 1 << 30, E: 30}}
	o.OneRow = true
	out := make([]int8, 8)
	ref.Rescale(o, []int32{0, 1, -1, 127, 128, -127, -128, math.MinInt32}, one, nil, nil, out)
	require.Equal(t, []int8{0, 1, -1, 127, 127, -127, -127, -127}, out)
	ref.Rescale(o, []int8{0, 1, -1, 127, -128, 5, 6, 7}, one, nil, []int32{0, 0, 0, 1, 1, -5, 10, 0}, out)
	require.Equal(t, []int8{0, 1, -1, 127, -127, 0, 16, 7}, out)
}

func TestQuantIsTheNearestOf255Steps(t *testing.T) {
	r := source(4)
	const cols = 64
	o := &tensor.Quant{Rows: 300, Cols: cols}
	x, out, scale := words(r, 300*cols), make([]int8, 300*cols), make([]fixed.Scale, 300)
	for i := range 10 * cols { // rows of small numbers, and of zeros
		x[i] = int32(i/cols) * int32(r.IntN(3)-1)
	}
	for _, o.Fraction = range []int32{0, 16, -20} {
		ref.Quant(o, x, out, scale)
		for i := range 300 {
			row, most := x[i*cols:][:cols], 0.0
			for _, v := range row {
				most = max(most, math.Abs(float64(v)))
			}
			require.InEpsilon(t, 1+math.Ldexp(most/127, -int(o.Fraction)), 1+float(scale[i]), 1e-8)
			largest := int8(0)
			for c, v := range row {
				got := out[i*cols+c]
				require.NotEqual(t, int8(math.MinInt8), got)
				if most > 0 {
					require.InDelta(t, float64(v)/most*127, float64(got), 0.5+1e-6)
				} else {
					require.Zero(t, got)
				}
				largest = max(largest, got, -got)
			}
			if most > 0 {
				require.EqualValues(t, 127, largest)
			}
		}
	}
}
