package vulkan_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/vulkan"
)

// measure reports the time for a unit of the fuel of an operation on tensors of zeros.
func measure(b *testing.B, d *vulkan.Device, name string, op tensor.Op, shapes ...tensor.Shape) {
	call := tensor.Call{Op: op}
	for _, shape := range shapes {
		buffer, err := d.New(shape)
		require.NoError(b, err)
		call.Buffers = append(call.Buffers, buffer)
	}
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, d.Submit([]tensor.Call{call}))
			_, err := d.Wait()
			require.NoError(b, err)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tensor.Fuel(op)), "ns/fuel")
	})
	for _, buffer := range call.Buffers {
		require.NoError(b, buffer.Free())
	}
}

// BenchmarkShapes measures products of usual and of odd shapes, which requesters choose.
func BenchmarkShapes(b *testing.B) {
	d := open(b)
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	s8, s32 := tensor.S8, tensor.S32
	for _, s := range [][4]uint32{
		{1, 1, 2048, 2048},
		{1, 9, 2048, 2048},
		{1, 64, 2048, 2048},
		{1, 256, 512, 4},
		{1, 16, 128, 352},
		{1, 256, 3, 4096},
		{1, 1, 1, 65_536},
		{1, 9, 1, 4096},
		{65_536, 1, 1, 4},
		{65_536, 1, 1, 260},
		{4096, 9, 1, 64},
		{1024, 2, 2, 2048},
		{1, 17, 64, 2048},
		{1, 32, 2048, 2048},
	} {
		batch, m, n, k := uint64(s[0]), uint64(s[1]), uint64(s[2]), uint64(s[3])
		op := &tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: s[0], M: s[1], N: s[2], K: s[3]}
		measure(b, d, fmt.Sprintf("%d gemm %dx%dx%d", s[0], m, n, k), op,
			tensor.Shape{Type: s8, Count: batch * m * k}, tensor.Shape{Type: s8, Count: batch * n * k}, tensor.Shape{Type: s32, Count: batch * m * n})
	}
	for _, s := range [][4]uint32{{256, 128, 8, 1}, {1024, 128, 8, 1}, {256, 3, 256, 3}, {256, 3, 256, 8}, {256, 3, 256, 9}, {128, 3, 128, 64}} {
		op := &tensor.Conv2D{X: at(1), W: at(2), Out: at(3), Batch: 1, Channels: 4, OutChannels: s[3], Window: tensor.Window{
			Height: s[0], Width: s[0], KernelHeight: s[1], KernelWidth: s[1], OutHeight: s[2], OutWidth: s[2],
			StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1,
		}}
		measure(b, d, fmt.Sprintf("conv2d %d in %d, %d kernels", s[1], s[0], s[3]), op,
			tensor.Shape{Type: s8, Count: 4 * uint64(s[0]*s[0])}, tensor.Shape{Type: s8, Count: uint64(4 * s[3] * s[1] * s[1])}, tensor.Shape{Type: s32, Count: uint64(s[2] * s[2] * s[3])})
	}
}
