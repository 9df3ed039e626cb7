package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
)

func at(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }

func conv(image, dilation uint32) tensor.Op {
	w := tensor.Window{
		Height: image, Width: image, KernelHeight: 128, KernelWidth: 128, OutHeight: 8, OutWidth: 8,
		StrideY: 1, StrideX: 1, DilationY: dilation, DilationX: dilation,
	}
	return &tensor.Conv2D{X: at(1), W: at(2), Out: at(3), Batch: 1, Channels: 4, OutChannels: 1, Window: w}
}

// stepsOf executes an operation on tensors of these shapes, and returns the steps for a unit of its fuel.
func stepsOf(t *testing.T, d *Device, op tensor.Op, shapes ...tensor.Shape) float64 {
	t.Helper()
	s := tensor.NewSession(d, 1<<30)
	for _, shape := range shapes {
		_, err := s.Alloc(shape)
		require.NoError(t, err)
	}
	submission, err := s.Check(tensor.Encode(op))
	require.NoError(t, err)
	d.tally = &tally{}
	require.NoError(t, s.Run(submission))
	steps := d.tally.steps()
	require.NoError(t, s.Close())
	require.NotZero(t, steps, "the kernel counts its steps")
	return float64(steps) / float64(tensor.Fuel(op))
}

// A requester chooses shapes, so that none may need many more steps than its fuel pays for.
func TestFuelBoundsTheStepsOfOddShapes(t *testing.T) {
	if len(Available()) == 1 {
		t.Skip("without vectors, products take more steps")
	}
	for _, v := range Available()[1:] {
		t.Run(v.String(), func(t *testing.T) { fuelBoundsSteps(t, New(WithCores(1), WithVectors(v))) })
	}
}

func fuelBoundsSteps(t *testing.T, d *Device) {
	t.Helper()
	const most = 3
	s8, s32 := tensor.S8, tensor.S32
	usual := tensortest.Large(tensor.CodeGemm)
	var shapes []tensor.Shape
	for _, held := range usual.Tensors {
		shapes = append(shapes, held.Shape)
	}
	require.Less(t, stepsOf(t, d, usual.Op, shapes...), 1.)
	for name, c := range map[string]struct {
		op     tensor.Op
		shapes []tensor.Shape
	}{
		"many small matrices": {
			&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1 << 16, M: 1, N: 1, K: 4},
			[]tensor.Shape{{Type: s8, Count: 1 << 18}, {Type: s8, Count: 1 << 18}, {Type: s32, Count: 1 << 16}},
		},
		"three rows of weights": {
			&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 256, N: 3, K: 4096},
			[]tensor.Shape{{Type: s8, Count: 1 << 20}, {Type: s8, Count: 3 << 12}, {Type: s32, Count: 768}},
		},
		"rows that end within a vector": {
			&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 256, N: 256, K: 60},
			[]tensor.Shape{{Type: s8, Count: 256 * 60}, {Type: s8, Count: 256 * 60}, {Type: s32, Count: 1 << 16}},
		},
		"keys of a few elements": {
			&tensor.AttnScores{Q: at(1), QScale: at(2), K: at(3), KScale: at(4), Out: at(5), Queries: 256, Heads: 1, KVHeads: 1, Keys: 256, Dim: 12},
			[]tensor.Shape{{Type: s8, Count: 256 * 12}, {Type: tensor.Scales, Count: 256}, {Type: s8, Count: 256 * 12}, {Type: tensor.Scales, Count: 256}, {Type: s32, Count: 1 << 16}},
		},
		"large kernels":          {conv(256, 1), []tensor.Shape{{Type: s8, Count: 4 << 16}, {Type: s8, Count: 1 << 16}, {Type: s32, Count: 64}}},
		"large spread kernels":   {conv(1024, 7), []tensor.Shape{{Type: s8, Count: 4 << 20}, {Type: s8, Count: 1 << 16}, {Type: s32, Count: 64}}},
		"kernels around a pixel": {conv(1, 7), []tensor.Shape{{Type: s8, Count: 4}, {Type: s8, Count: 1 << 16}, {Type: s32, Count: 64}}},
	} {
		steps := stepsOf(t, d, c.op, c.shapes...)
		t.Logf("%s: %.2f steps for a unit of fuel", name, steps)
		require.Less(t, steps, float64(most), name)
	}
	slow := New(WithCores(1), WithoutVectors())
	require.Greater(t, stepsOf(t, slow, usual.Op, shapes...), float64(most), "products one by one are over the bound")
}
