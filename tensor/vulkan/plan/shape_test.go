package plan

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// lanesOf returns about the time of lanes that a dispatch takes, in tenths of a nanosecond on a processor.
func lanesOf(d Dispatch, k, elements uint64) uint64 {
	groups := d.Groups[0] * d.Groups[1] * d.Groups[2]
	switch d.Kernel {
	case "gemm":
		return groups * 8192 * k
	case "conv": // whose words lie apart
		return groups * 28_672 * k
	case "gemv":
		return d.Groups[1]*d.Groups[2]*22*uint64(d.Params[1])*k + 15_000*groups
	}
	return elements * (40*k + 100)
}

// A requester chooses shapes, so that none may make kernels compute much more than its fuel pays for.
func TestFuelBoundsTheLanesOfOddShapes(t *testing.T) {
	const most = 300
	r := tensortest.NewSource(1)
	l := Limits{Range: 1 << 30, Groups: [3]uint64{65_535, 65_535, 65_535}, Work: 1 << 40}
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	worst := uint64(0)
	measure := func(op tensor.Op, k, elements uint64) {
		parts, fit := Of(op, []tensor.Type{tensor.S8, tensor.S8, tensor.S32}, l)
		require.True(t, fit, "%+v", op)
		for _, p := range parts {
			lanes := lanesOf(p, k, elements) / uint64(len(parts))
			require.Less(t, lanes/tensor.Fuel(op), uint64(most), "%s: %+v", p.Kernel, op)
			worst = max(worst, lanes/tensor.Fuel(op))
		}
	}
	for range 5_000 {
		op := &tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: r.Size(4096), M: r.Size(300), N: r.Size(300), K: 4 * r.Size(tensor.MaxK/4)}
		elements := uint64(op.Batch) * uint64(op.M) * uint64(op.N)
		if elements*uint64(op.K) > 1<<33 {
			op.Batch, elements = 1, uint64(op.M)*uint64(op.N)
		}
		measure(op, uint64(op.K), elements)
	}
	for range 2_000 {
		size, kernel, channels := 1+r.Below(64), r.Size(16), 4*r.Size(64)
		op := &tensor.Conv2D{X: at(1), W: at(2), Out: at(3), Batch: r.Size(4), Channels: channels, OutChannels: r.Size(128), Window: tensor.Window{
			Height: size + kernel, Width: size + kernel, KernelHeight: kernel, KernelWidth: kernel, OutHeight: size, OutWidth: size,
			StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1,
		}}
		measure(op, uint64(kernel*kernel*channels), uint64(op.Batch)*uint64(size)*uint64(size)*uint64(op.OutChannels))
	}
	t.Logf("at most %d.%d ns for a unit of fuel", worst/10, worst%10)
}
