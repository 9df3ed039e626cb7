package ref_test

import (
	"math"
	"math/big"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

func TestActivationsAreNearFloats(t *testing.T) {
	curves := map[tensor.Curve]func(float64) float64{
		tensor.Sigmoid:    func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
		tensor.Normal:     func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 },
		tensor.NormalTanh: func(x float64) float64 { return (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) / 2 },
	}
	for curve, f := range curves {
		var x, u []int32
		for i := int32(-30 << 16); i < 30<<16; i += 997 {
			x, u = append(x, i), append(u, i%70_000)
		}
		o, out := &tensor.Gate{Count: uint32(len(x)), Curve: curve}, make([]int32, len(x))
		ref.Gate(o, x, nil, nil, out)
		for i, v := range x {
			y := float64(v) / 65536
			require.InDelta(t, y*f(y), float64(out[i])/65536, 4e-5, "%d %v", curve, y)
		}
		o.Shift = 16
		ref.Gate(o, x, u, nil, out)
		for i, v := range x {
			y := float64(v) / 65536
			require.InDelta(t, y*f(y)*float64(u[i])/65536, float64(out[i])/65536, 8e-5, "%d %v", curve, y)
		}
	}
}

func TestGateWithATableOfTheProgram(t *testing.T) {
	// A slope of 1/4 below 0 and of 1 above it.
	o := &tensor.Gate{Count: 5, Curve: tensor.Own, Grid: tensor.Grid{Low: -1, Step: 0, Intervals: 1}}
	out := make([]int32, 5)
	ref.Gate(o, []int32{-400, -4, 0, 4, 400}, nil, []int32{1 << 28, 1 << 30}, out)
	require.Equal(t, []int32{-100, -1, 0, 4, 400}, out)
}

func TestConvolutionsAreSumsOverAPaddedImage(t *testing.T) {
	r := source(30)
	const channels, outChannels = 4, 3
	for range 60 {
		size := func(n int) uint32 { return 1 + r.Uint32N(uint32(n)) }
		v := tensor.Window{
			Height: size(7), Width: size(7), KernelHeight: size(3), KernelWidth: size(3), OutHeight: size(6), OutWidth: size(6),
			StrideY: size(3), StrideX: size(3), DilationY: size(2), DilationX: size(2), PadTop: r.Uint32N(4), PadLeft: r.Uint32N(4),
		}
		x := bytes(r, int(v.Height*v.Width)*channels)
		// An image with a frame that is as wide as any window reaches.
		const frame, side = 30, 70
		padded := make([]int64, side*side*channels)
		for i, p := range x {
			row, col := i/channels/int(v.Width), i/channels%int(v.Width)
			padded[((row+frame)*side+col+frame)*channels+i%channels] = int64(p)
		}
		at := func(y, x, i, j, c int) int64 {
			row := y*int(v.StrideY) + i*int(v.DilationY) - int(v.PadTop) + frame
			col := x*int(v.StrideX) + j*int(v.DilationX) - int(v.PadLeft) + frame
			return padded[(row*side+col)*channels+c]
		}
		kh, kw, oh, ow := int(v.KernelHeight), int(v.KernelWidth), int(v.OutHeight), int(v.OutWidth)
		w, deep := bytes(r, outChannels*kh*kw*channels), bytes(r, kh*kw*channels)
		out, outDeep := make([]int32, oh*ow*outChannels), make([]int32, oh*ow*channels)
		ref.Conv2D(&tensor.Conv2D{Batch: 1, Channels: channels, OutChannels: outChannels, Window: v}, x, w, out)
		ref.Depthwise2D(&tensor.Depthwise2D{Batch: 1, Channels: channels, Window: v}, x, deep, outDeep)
		for pixel := range oh * ow {
			var sums [outChannels]int64
			var deepSums [channels]int64
			for tap := range kh * kw * channels {
				value := at(pixel/ow, pixel%ow, tap/channels/kw, tap/channels%kw, tap%channels)
				for n := range sums {
					sums[n] += value * int64(w[n*kh*kw*channels+tap])
				}
				deepSums[tap%channels] += value * int64(deep[tap])
			}
			for n, sum := range sums {
				require.EqualValues(t, sum, out[pixel*outChannels+n])
			}
			for c, sum := range deepSums {
				require.EqualValues(t, sum, outDeep[pixel*channels+c])
			}
		}
	}
}

func TestConvolutionsOfABatch(t *testing.T) {
	r := source(31)
	v := tensor.Window{Height: 3, Width: 4, KernelHeight: 2, KernelWidth: 2, OutHeight: 3, OutWidth: 4, StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1}
	x, w := bytes(r, 2*12*4), bytes(r, 5*4*4)
	both, one := make([]int32, 2*12*5), make([]int32, 12*5)
	ref.Conv2D(&tensor.Conv2D{Batch: 2, Channels: 4, OutChannels: 5, Window: v}, x, w, both)
	ref.Conv2D(&tensor.Conv2D{Batch: 1, Channels: 4, OutChannels: 5, Window: v}, x[48:], w, one)
	require.Equal(t, one, both[60:])
}

// Copy transposes, repeats, joins and spreads.
func TestCopyChangesTheLayout(t *testing.T) {
	count := func(n int) []int32 {
		x := make([]int32, n)
		for i := range x {
			x[i] = int32(i)
		}
		return x
	}
	for name, c := range map[string]struct {
		op   tensor.Copy
		want []int32
	}{
		"a transposition of [2,3]": {
			tensor.Copy{Size: [5]uint32{1, 1, 1, 3, 2}, FromStride: [5]uint32{0, 0, 0, 1, 3}, ToStride: [4]uint32{0, 0, 0, 2}},
			[]int32{0, 3, 1, 4, 2, 5},
		},
		"each pixel of [2,2,1] four times": {
			tensor.Copy{Size: [5]uint32{2, 2, 2, 2, 1}, FromStride: [5]uint32{2, 0, 1, 0, 1}, ToStride: [4]uint32{8, 4, 2, 1}},
			[]int32{0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3},
		},
		"channels [1,2,4] as pixels [2,4,1]": {
			tensor.Copy{Size: [5]uint32{1, 2, 2, 2, 1}, FromStride: [5]uint32{8, 2, 4, 1, 1}, ToStride: [4]uint32{8, 4, 2, 1}},
			[]int32{0, 1, 4, 5, 2, 3, 6, 7},
		},
		"columns 1 and 2 of [2,4] into rows of 3": {
			tensor.Copy{Size: [5]uint32{1, 1, 1, 2, 2}, FromStride: [5]uint32{0, 0, 0, 3, 1}, ToStride: [4]uint32{0, 0, 0, 3}},
			[]int32{0, 1, -1, 3, 4},
		},
	} {
		out := slices.Repeat([]int32{-1}, len(c.want))
		ref.Copy(&c.op, count(16), out)
		require.Equal(t, c.want, out, name)
	}
}

func TestCastAndFillAndGather(t *testing.T) {
	out := make([]int8, 4)
	ref.Cast(&tensor.Cast{Count: 4}, []int32{-129, 128, -5, math.MinInt32}, out)
	require.Equal(t, []int8{-128, 127, -5, -128}, out)
	wide := make([]int32, 4)
	ref.Cast(&tensor.Cast{Count: 4}, out, wide)
	require.Equal(t, []int32{-128, 127, -5, -128}, wide)
	short := make([]int16, 2)
	ref.Cast(&tensor.Cast{Count: 2}, []int32{40_000, -40_000}, short)
	require.Equal(t, []int16{32_767, -32_768}, short)
	ref.Fill(&tensor.Fill{Count: 2, Value: 0x12345678}, short)
	require.Equal(t, []int16{0x5678, 0x5678}, short)
	got := make([]int32, 8)
	ref.Gather(&tensor.Gather{Rows: 3, Cols: 2, Count: 4}, 2, []int32{0, 1, 10, 11, 20, 21}, []int32{1, math.MinInt32, 3, 2}, got)
	require.Equal(t, []int32{10, 11, 0, 1, 20, 21, 20, 21}, got)
}

func TestBinaryRepeatsRowsAndColumns(t *testing.T) {
	a, b := []int32{1, 2, 3, 4, 5, 6}, []int32{10, 20, 30, 40, 50, 60}
	for _, c := range []struct {
		row, col bool
		want     []int32
	}{
		{false, false, []int32{11, 22, 33, 44, 55, 66}},
		{true, false, []int32{11, 22, 33, 14, 25, 36}},
		{false, true, []int32{11, 12, 13, 24, 25, 26}},
		{true, true, []int32{11, 12, 13, 14, 15, 16}},
	} {
		out := make([]int32, 6)
		ref.Binary(&tensor.Binary{Rows: 2, Cols: 3, OneRow: c.row, OneCol: c.col}, a, b, out)
		require.Equal(t, c.want, out, c)
	}
	for kind, want := range map[tensor.Kind]int32{
		tensor.Plus: math.MaxInt32, tensor.Minus: 1<<31 - 1 - 5, tensor.Times: 1<<31 - 1, tensor.Min: 5, tensor.Max: math.MaxInt32,
	} {
		out := make([]int32, 1)
		ref.Binary(&tensor.Binary{Rows: 1, Cols: 1, Kind: kind}, []int32{math.MaxInt32}, []int32{5}, out)
		require.Equal(t, want, out[0], kind)
	}
}

func TestClampAndLeaky(t *testing.T) {
	out := make([]int32, 4)
	ref.Clamp(&tensor.Clamp{Count: 4, Low: -2, High: 3}, []int32{-9, -2, 0, 9}, out)
	require.Equal(t, []int32{-2, -2, 0, 3}, out)
	ref.Clamp(&tensor.Clamp{Count: 4, Low: 5, High: -5}, []int32{-9, -2, 0, 9}, out)
	require.Equal(t, []int32{-5, -5, -5, -5}, out)
	ref.Leaky(&tensor.Leaky{Rows: 2, Cols: 2}, []int32{-100, -100, 7, math.MinInt32}, []int32{1 << 28, -1 << 30}, out)
	require.Equal(t, []int32{-25, 100, 7, math.MaxInt32}, out)
	ref.Leaky(&tensor.Leaky{Rows: 2, Cols: 2, OneCol: true}, []int32{-100, -100, 7, -8}, []int32{1 << 28}, out)
	require.Equal(t, []int32{-25, -25, 7, -2}, out)
}

func TestSumsAreExact(t *testing.T) {
	r := source(32)
	const cols = 500
	x, out := words(r, 3*cols), make([]int32, 3)
	ref.Sum(&tensor.Sum{Rows: 3, Cols: cols, M: 1 << 30, E: 40}, x, out)
	for row := range 3 {
		sum := new(big.Int)
		for _, v := range x[row*cols:][:cols] {
			sum.Add(sum, big.NewInt(int64(v)))
		}
		want, _ := new(big.Float).SetInt(sum).Float64()
		require.InDelta(t, want/1024, float64(out[row]), 0.51+math.Abs(want)/1024*2e-9)
	}
}

func TestTopKIsASortedRow(t *testing.T) {
	r := source(33)
	const cols, k = 300, 40
	x, values, places, best := make([]int32, 2*cols), make([]int32, 2*k), make([]int32, 2*k), make([]int32, 2)
	for i := range x {
		x[i] = int32(r.IntN(60)) - 30
	}
	ref.TopK(&tensor.TopK{Rows: 2, Cols: cols, K: k}, x, values, places)
	ref.Argmax(&tensor.Argmax{Rows: 2, Cols: cols}, x, best)
	for row := range 2 {
		order := make([]int, cols)
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(i, j int) bool { return x[row*cols+order[i]] > x[row*cols+order[j]] })
		for i := range k {
			require.EqualValues(t, order[i], places[row*k+i])
			require.Equal(t, x[row*cols+order[i]], values[row*k+i])
		}
		require.EqualValues(t, order[0], best[row])
	}
}

// The known answers of the authors' library Random123.
func TestPhiloxGivesTheKnownAnswers(t *testing.T) {
	const all = math.MaxUint32
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{all, all, all, all}, [2]uint32{all, all}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
			[2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		require.Equal(t, c.want, ref.Philox(c.counter, c.key))
	}
}

// Each number of the normal distribution is passed with the chance that its word stands for.
func TestNoiseIsNormal(t *testing.T) {
	const count = 40_000
	raw, out := make([]int32, count), make([]int32, count)
	ref.Noise(&tensor.Noise{Count: count, Key0: 1}, raw)
	ref.Noise(&tensor.Noise{Count: count, Key0: 1, Gaussian: true}, out)
	mean, square := 0.0, 0.0
	for i, v := range out {
		x := math.Ldexp(float64(v), -24)
		mean, square = mean+x/count, square+x*x/count
		chance := math.Ldexp(float64(uint32(raw[i])&fixed.Max), -32)
		require.InDelta(t, math.Sqrt2*math.Erfcinv(2*chance), math.Abs(x), 3e-5)
		require.Equal(t, raw[i] < 0 && v != 0, v < 0)
	}
	require.InDelta(t, 0, mean, 0.02)
	require.InDelta(t, 1, square, 0.03)
}

// A stream goes on where another one ended, past the end of the low word of the counter.
func TestNoiseGoesOn(t *testing.T) {
	o := tensor.Noise{Count: 12, Key0: 3, Stream1: 4, First: math.MaxUint32 - 1}
	whole, rest := make([]int32, 12), make([]int32, 8)
	ref.Noise(&o, whole)
	o.Count, o.First = 8, math.MaxUint32
	ref.Noise(&o, rest)
	require.Equal(t, whole[4:], rest)
}
