package cpu_test

import (
	"flag"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

func devices() []*cpu.Device {
	list := []*cpu.Device{cpu.New(cpu.WithCores(3)), cpu.New(cpu.WithCores(2), cpu.WithoutVectors()), cpu.New(cpu.WithCores(1))}
	for _, v := range cpu.Available()[1:] {
		list = append(list, cpu.New(cpu.WithCores(2), cpu.WithVectors(v)))
	}
	return list
}

var rounds = flag.Int("rounds", 20, "the number of random cases of each operation on each device")

func TestCPUGivesTheBitsOfTheReference(t *testing.T) {
	for i, d := range devices() {
		require.NoError(t, tensortest.Compare(d, uint64(1+i)<<40, *rounds))
	}
}

// Cases that are large enough to be divided among cores.
func TestCoresGiveTheBitsOfTheReference(t *testing.T) {
	codes := tensor.Codes()
	if testing.Short() {
		codes = []tensor.Code{tensor.CodeGemm, tensor.CodeRescale, tensor.CodeSoftmax, tensor.CodeBinary}
	}
	for _, code := range codes {
		c := tensortest.Large(code)
		c.Keys = [][32]byte{{1}, {2}}
		want, err := c.Run(ref.NewDevice())
		require.NoError(t, err)
		for _, d := range devices()[:2] {
			got, err := c.Run(d)
			require.NoError(t, err)
			require.Equal(t, want.Digest(), got.Digest(), "%v on %s", code, d.Name())
		}
	}
}

// FuzzCompare compares a random case of each operation with the reference.
func FuzzCompare(f *testing.F) {
	f.Add(uint64(1), true)
	f.Fuzz(func(t *testing.T, seed uint64, vectors bool) {
		d := devices()[0]
		if !vectors {
			d = devices()[1]
		}
		require.NoError(t, tensortest.Compare(d, seed, 1))
	})
}

// BenchmarkCPU measures each operation on one core, and the time for a unit of its fuel.
func BenchmarkCPU(b *testing.B) {
	for _, d := range []*cpu.Device{cpu.New(cpu.WithCores(1)), cpu.New(cpu.WithCores(1), cpu.WithoutVectors())} {
		for _, code := range tensor.Codes() {
			for size, c := range map[string]tensortest.Case{"large": tensortest.Large(code), "small": tensortest.Small(code)} {
				b.Run(d.Name()+"/"+code.String()+"/"+size, func(b *testing.B) {
					call, err := c.Prepare(d)
					require.NoError(b, err)
					for b.Loop() {
						require.NoError(b, d.Submit([]tensor.Call{call}))
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tensor.Fuel(call.Op)), "ns/fuel")
				})
			}
		}
	}
}

// Rows of all lengths around those that vectors take, with numbers of any size.
func TestRowsOfAllLengthsGiveTheBitsOfTheReference(t *testing.T) {
	s32, s8, scales := tensor.S32, tensor.S8, tensor.Scales
	for _, v := range cpu.Available()[1:] {
		d, source := cpu.New(cpu.WithCores(2), cpu.WithVectors(v)), tensortest.NewSource(3)
		for cols := uint32(1); cols <= 70; cols++ {
			n, dim := uint64(cols), 4*cols
			same(t, d, source, &tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 9, N: 7, K: dim},
				tensor.Shape{Type: s8, Count: uint64(9 * dim)}, tensor.Shape{Type: s8, Count: uint64(7 * dim)}, tensor.Shape{Type: s32, Count: 63})
			same(t, d, source, &tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: cols, N: 5, K: dim},
				tensor.Shape{Type: s8, Count: uint64(cols * dim)}, tensor.Shape{Type: s8, Count: uint64(5 * dim)}, tensor.Shape{Type: s32, Count: 5 * n})
			same(t, d, source, &tensor.Sum{X: at(1), Out: at(2), Rows: 3, Cols: cols, M: 1 << 30, E: 30 + int32(cols%3)},
				tensor.Shape{Type: s32, Count: 3 * n}, tensor.Shape{Type: s32, Count: 3})
			same(t, d, source, &tensor.Rescale{Acc: at(1), Row: at(2), Col: at(3), Residual: at(4), Out: at(5), Rows: 2, Cols: cols, Fraction: 3},
				tensor.Shape{Type: s32, Count: 2 * n}, tensor.Shape{Type: scales, Count: 2}, tensor.Shape{Type: scales, Count: n},
				tensor.Shape{Type: s32, Count: 2 * n}, tensor.Shape{Type: s32, Count: 2 * n})
			same(t, d, source, &tensor.Gate{X: at(1), U: at(2), Table: at(3), Out: at(4), Count: cols, Shift: cols % 63, Grid: tensor.Grid{Low: -1 << 31, Step: cols % 31, Intervals: cols}},
				tensor.Shape{Type: s32, Count: n}, tensor.Shape{Type: s32, Count: n}, tensor.Shape{Type: s32, Count: n + 1}, tensor.Shape{Type: s32, Count: n})
			same(t, d, source, &tensor.Rope{X: at(1), Cos: at(2), Sin: at(3), Out: at(4), Rows: 2, Heads: 3, Dim: 2*cols + 2, Rotated: 2 * cols},
				tensor.Shape{Type: s32, Count: 6 * (2*n + 2)}, tensor.Shape{Type: s32, Count: 2 * n}, tensor.Shape{Type: s32, Count: 2 * n}, tensor.Shape{Type: s32, Count: 6 * (2*n + 2)})
			same(t, d, source, &tensor.AttnValues{U: at(1), Scale: at(2), V: at(3), Out: at(4), Queries: 3, Heads: 2, KVHeads: 1, Keys: 5, Dim: dim, Fraction: 3},
				tensor.Shape{Type: s32, Count: 30}, tensor.Shape{Type: scales, Count: 6}, tensor.Shape{Type: s8, Count: uint64(5 * dim)}, tensor.Shape{Type: s32, Count: uint64(6 * dim)})
		}
	}
}

// Sums of values by weights of any size, over more keys than fit 32 bits.
func TestValuesOfManyKeysGiveTheBitsOfTheReference(t *testing.T) {
	d := cpu.New(cpu.WithCores(2))
	for keys := uint32(250); keys < 800; keys += 37 {
		for _, most := range []int32{1 << 24, 1<<30 - 1, 1 << 30, math.MaxInt32, math.MinInt32} {
			op := &tensor.AttnValues{U: at(1), Scale: at(2), V: at(3), Out: at(4), Queries: 1, Heads: 2, KVHeads: 1, Keys: keys, Dim: 132, Fraction: 20}
			shapes := []tensor.Shape{
				{Type: tensor.S32, Count: 2 * uint64(keys)},
				{Type: tensor.Scales, Count: 2},
				{Type: tensor.S8, Count: 132 * uint64(keys)},
				{Type: tensor.S32, Count: 264},
			}
			want, got := on(t, ref.NewDevice(), op, shapes...), on(t, d, op, shapes...)
			for _, call := range []tensor.Call{want, got} {
				u, scale, v := call.Buffers[0].(*ref.Buffer).S32, call.Buffers[1].(*ref.Buffer).Scales, call.Buffers[2].(*ref.Buffer).S8
				for i := range u {
					u[i] = most
					if i%5 == 0 {
						u[i] = -most
					}
				}
				for i := range v {
					v[i] = math.MinInt8
					if i%3 == 0 {
						v[i] = math.MaxInt8
					}
				}
				scale[0], scale[1] = fixed.Scale{M: 1 << 30, E: 50}, fixed.Scale{M: 1<<31 - 1, E: 60}
			}
			require.NoError(t, ref.Run(want))
			require.NoError(t, d.Submit([]tensor.Call{got}))
			require.Equal(t, want.Buffers[3].(*ref.Buffer).S32, got.Buffers[3].(*ref.Buffer).S32, "%d keys, %d", keys, most)
		}
	}
}
