package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
)

func s8(count uint64) tensor.Shape { return tensor.Shape{Type: tensor.S8, Count: count} }

func TestMemoryIsRoundedUpToPages(t *testing.T) {
	for _, c := range []struct {
		shape tensor.Shape
		want  uint64
	}{
		{s8(1), 4096},
		{s8(4096), 4096},
		{s8(4097), 8192},
		{tensor.Shape{Type: tensor.S4, Count: 8193}, 8192},
		{tensor.Shape{Type: tensor.S16, Count: 2049}, 8192},
		{tensor.Shape{Type: tensor.S32, Count: 1024}, 4096},
		{tensor.Shape{Type: tensor.Scales, Count: 513}, 8192},
		{tensor.Shape{Type: tensor.Scales, Count: math.MaxUint64}, math.MaxUint64},
		{tensor.Shape{Type: tensor.S8, Count: math.MaxUint64}, math.MaxUint64},
	} {
		require.Equal(t, c.want, tensor.Memory(c.shape), c.shape)
	}
}

func TestHeapHoldsTheLimit(t *testing.T) {
	h := tensor.NewHeap(3 * 4096)
	first, err := h.Alloc(s8(4097))
	require.NoError(t, err)
	require.EqualValues(t, 8192, h.Used())
	_, err = h.Alloc(s8(4097))
	require.ErrorIs(t, err, tensor.ErrOutOfMemory)
	_, err = h.Alloc(tensor.Shape{Type: tensor.Scales, Count: math.MaxUint64})
	require.ErrorIs(t, err, tensor.ErrOutOfMemory)
	_, err = h.Alloc(s8(1))
	require.NoError(t, err)
	require.NoError(t, h.Free(first))
	require.EqualValues(t, 4096, h.Used())
	_, err = h.Alloc(s8(8192))
	require.NoError(t, err)
}

func TestHandlesAreTheLowestThatAreFree(t *testing.T) {
	h := tensor.NewHeap(math.MaxUint64)
	for i := range tensor.Handle(tensor.MaxTensors) {
		got, err := h.Alloc(s8(1))
		require.NoError(t, err)
		require.Equal(t, i+1, got)
	}
	var trap *tensor.Trap
	_, err := h.Alloc(s8(1))
	require.ErrorAs(t, err, &trap)
	for _, handle := range []tensor.Handle{900, 7, 16_384} {
		require.NoError(t, h.Free(handle))
	}
	for _, want := range []tensor.Handle{7, 900, 16_384} {
		got, err := h.Alloc(s8(1))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestHeapTrapsOnWhatIsNoTensor(t *testing.T) {
	h := tensor.NewHeap(math.MaxUint64)
	var trap *tensor.Trap
	for _, shape := range []tensor.Shape{{}, {Type: tensor.S8}, {Type: 6, Count: 1}} {
		_, err := h.Alloc(shape)
		require.ErrorAs(t, err, &trap)
	}
	for _, handle := range []tensor.Handle{0, 1, 16_384, 16_385, math.MaxUint32} {
		require.ErrorAs(t, h.Free(handle), &trap)
		require.ErrorAs(t, h.Range(handle, 0, 0), &trap)
	}
}

func TestRangesLieWithinTheirTensor(t *testing.T) {
	h := tensor.NewHeap(math.MaxUint64)
	handle, err := h.Alloc(s8(10))
	require.NoError(t, err)
	for _, fine := range [][2]uint64{{0, 0}, {0, 4}, {0, 10}, {4, 4}, {4, 6}, {8, 2}} {
		require.NoError(t, h.Range(handle, fine[0], fine[1]))
	}
	for _, wrong := range [][2]uint64{{2, 4}, {0, 2}, {0, 9}, {0, 11}, {4, 7}, {12, 0}, {8, math.MaxUint64}, {math.MaxUint64 - 3, 8}} {
		require.Error(t, h.Range(handle, wrong[0], wrong[1]), wrong)
	}
}

func TestFuelDoesNotWrap(t *testing.T) {
	huge := &tensor.Gemm{Batch: math.MaxUint32, M: math.MaxUint32, N: math.MaxUint32, K: math.MaxUint32}
	require.Greater(t, tensor.Fuel(huge), uint64(math.MaxUint64/4))
	require.Equal(t, uint64(math.MaxUint64), tensor.FuelOf([]tensor.Op{huge, huge, huge, huge, huge}))
	require.EqualValues(t, 20_000+500, tensor.FuelForBytes(1000))
	require.Greater(t, tensor.FuelForBytes(math.MaxUint64), uint64(1<<63))
}

// Each dimension of a shape makes an operation dearer, and no shape is free.
func TestFuelGrowsWithTheShape(t *testing.T) {
	small := &tensor.Gemm{Batch: 1, M: 8, N: 16, K: 64}
	for _, grow := range []func(*tensor.Gemm){
		func(o *tensor.Gemm) { o.Batch *= 2 },
		func(o *tensor.Gemm) { o.M *= 2 },
		func(o *tensor.Gemm) { o.N *= 2 },
		func(o *tensor.Gemm) { o.K *= 2 },
	} {
		larger := *small
		grow(&larger)
		require.Greater(t, tensor.Fuel(&larger), tensor.Fuel(small))
	}
	for _, code := range tensor.Codes() {
		require.GreaterOrEqual(t, tensor.Fuel(tensor.New(code)), uint64(tensor.FuelLaunch), code)
		require.Greater(t, tensor.Fuel(draw(3, code).Op), uint64(tensor.FuelLaunch), code)
	}
}
