package plan_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// guaranteed are the limits that every device of Vulkan has.
func guaranteed() plan.Limits {
	return plan.Limits{Range: 128 << 20, Groups: [3]uint64{65_535, 65_535, 65_535}, Work: 1 << 29}
}

// typesOf returns the types of the operands of an operation.
func typesOf(op tensor.Op, shape func(tensor.Handle) tensor.Shape) []tensor.Type {
	var types []tensor.Type
	for _, o := range tensor.Operands(op) {
		if o.None() {
			types = append(types, 0)
		} else {
			types = append(types, shape(o.Tensor).Type)
		}
	}
	return types
}

func drawn(c tensortest.Case) []tensor.Type {
	return typesOf(c.Op, func(h tensor.Handle) tensor.Shape { return c.Tensors[h-1].Shape })
}

// within requires that dispatches keep their limits, and that they bind nothing outside of the tensors.
func within(t *testing.T, parts []plan.Dispatch, l plan.Limits, bytes func(operand int) uint64) {
	t.Helper()
	for _, p := range parts {
		require.LessOrEqual(t, p.Work, l.Work, p.Kernel)
		require.LessOrEqual(t, len(p.Params), plan.Params, p.Kernel)
		require.LessOrEqual(t, len(p.Windows), plan.Bindings, p.Kernel)
		for i, n := range p.Groups {
			require.True(t, n > 0 && n <= l.Groups[i], "%s: %d groups", p.Kernel, n)
		}
		for _, w := range p.Windows {
			if w.Operand < 0 {
				continue
			}
			require.Less(t, w.From, w.To, p.Kernel)
			require.Zero(t, (w.From|w.To)%4, p.Kernel)
			require.LessOrEqual(t, w.To-w.From, l.Range, p.Kernel)
			require.LessOrEqual(t, w.To, (bytes(w.Operand)+3)/4*4, p.Kernel)
		}
	}
}

func TestEveryRandomOperationIsADispatchOfADevice(t *testing.T) {
	for _, code := range tensor.Codes() {
		if code == tensor.CodeFill {
			continue
		}
		for seed := range uint64(50) {
			c := tensortest.Draw(tensortest.NewSource(seed<<16+uint64(code)), code)
			parts, fit := plan.Of(c.Op, drawn(c), guaranteed())
			require.True(t, fit, "%+v", c.Op)
			require.Len(t, parts, 1, "%+v", c.Op)
			within(t, parts, guaranteed(), func(i int) uint64 {
				return uint64(len(c.Tensors[tensor.Operands(c.Op)[i].Tensor-1].Bytes))
			})
		}
	}
}

// Small limits divide operations; few do not fit.
func TestMostRandomOperationsFitSmallLimits(t *testing.T) {
	l := plan.Limits{Range: 1400, Groups: [3]uint64{2, 2, 2}, Work: 10_000}
	for _, code := range tensor.Codes() {
		if code == tensor.CodeFill {
			continue
		}
		fitting, divided := 0, 0
		for seed := range uint64(200) {
			c := tensortest.Draw(tensortest.NewSource(seed<<16+uint64(code)), code)
			parts, fit := plan.Of(c.Op, drawn(c), l)
			if !fit {
				continue
			}
			fitting++
			if len(parts) > 1 {
				divided++
			}
			within(t, parts, l, func(i int) uint64 {
				return uint64(len(c.Tensors[tensor.Operands(c.Op)[i].Tensor-1].Bytes))
			})
		}
		t.Logf("%v: %d of 200 fit, %d of them in parts", code, fitting, divided)
		require.Greater(t, fitting, 60, code)
		require.Positive(t, divided, code)
	}
}

// large is an operation of a size that real models and hostile requesters have.
type large struct {
	op    tensor.Op
	types []tensor.Type
	// fits is false for what no window shows.
	fits bool
}

func cases() []large {
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	s8, s32, scale := tensor.S8, tensor.S32, tensor.Scales
	const huge = 1<<31 - 1
	view := tensor.Window{
		Height: 4096, Width: 4096, KernelHeight: 3, KernelWidth: 3, OutHeight: 4096, OutWidth: 4096,
		StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1, PadTop: 1, PadLeft: 1,
	}
	return []large{
		{&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 4096, N: 262_144, K: 8192}, []tensor.Type{s8, s8, s32}, true},
		{&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1 << 20, M: 1, N: 7, K: 65_536}, []tensor.Type{s8, s8, s32}, true},
		{&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 3, N: 1 << 27, K: 4, SharedW: true}, []tensor.Type{s8, s8, s32}, true},
		{&tensor.Expand4{W: at(1), Gain: at(2), Zero: at(3), Out: at(4), N: 8, K: 1 << 30, Group: 1 << 29}, []tensor.Type{tensor.S4, s8, s8, s8}, true},
		{&tensor.Rescale{Acc: at(1), Row: at(2), Col: at(3), Residual: at(4), Out: at(5), Rows: 1, Cols: 1 << 30}, []tensor.Type{s32, scale, scale, s32, s8}, true},
		{&tensor.Quant{X: at(1), Out: at(2), Scale: at(3), Rows: 1 << 20, Cols: 1 << 12}, []tensor.Type{s32, s8, scale}, true},
		{&tensor.Quant{X: at(1), Out: at(2), Scale: at(3), Rows: 1, Cols: 1 << 24}, []tensor.Type{s32, s8, scale}, false},
		{&tensor.RMSNorm{X: at(1), Gain: at(2), Out: at(3), Rows: 131_072, Cols: 1 << 13}, []tensor.Type{s32, tensor.S16, s32, 0}, true},
		{&tensor.GroupNorm{X: at(1), Out: at(4), Batch: 9, Pixels: 1 << 18, Channels: 64, Groups: 32}, []tensor.Type{s32, 0, 0, s32}, true},
		{&tensor.Rope{X: at(1), Cos: at(2), Sin: at(3), Out: at(4), Rows: 131_072, Heads: 64, Dim: 128, Rotated: 128}, []tensor.Type{s32, s32, s32, s32}, true},
		{&tensor.AttnScores{Q: at(1), QScale: at(2), K: at(3), KScale: at(4), Out: at(5), Queries: 2048, Heads: 32, KVHeads: 16, Keys: 131_072, Dim: 128}, []tensor.Type{s8, scale, s8, scale, s32}, true},
		{&tensor.Softmax{X: at(1), VScale: at(2), Out: at(3), Scale: at(4), Queries: 2048, Heads: 32, KVHeads: 16, Keys: 131_072}, []tensor.Type{s32, scale, s32, scale}, true},
		{&tensor.AttnValues{U: at(1), Scale: at(2), V: at(3), Out: at(4), Queries: 64, Heads: 32, KVHeads: 8, Keys: 65_536, Dim: 128}, []tensor.Type{s32, scale, s8, s32}, true},
		{&tensor.AttnValues{U: at(1), Scale: at(2), V: at(3), Out: at(4), Queries: 1, Heads: 32, KVHeads: 32, Keys: 131_072, Dim: 128}, []tensor.Type{s32, scale, s8, s32}, false},
		{&tensor.Gate{X: at(1), U: at(2), Out: at(4), Count: huge, Curve: tensor.Sigmoid}, []tensor.Type{s32, s32, 0, s32}, true},
		{&tensor.Conv2D{X: at(1), W: at(2), Out: at(3), Batch: 2, Channels: 64, OutChannels: 512, Window: view}, []tensor.Type{s8, s8, s32}, true},
		{&tensor.Depthwise2D{X: at(1), W: at(2), Out: at(3), Batch: 3, Channels: 256, Window: view}, []tensor.Type{s8, s8, s32}, true},
		{&tensor.Copy{From: at(1), To: at(2), Size: [5]uint32{1, 1, 1, 1 << 16, 1 << 14}, FromStride: [5]uint32{0, 0, 0, 1, 1 << 16}, ToStride: [4]uint32{0, 0, 0, 1 << 14}}, []tensor.Type{s8, s8}, true},
		{&tensor.Copy{From: at(1), To: at(2), Size: [5]uint32{1, 1, 1, 1, 4}, FromStride: [5]uint32{0, 0, 0, 0, huge}}, []tensor.Type{s8, s8}, false},
		{&tensor.Cast{X: at(1), Out: at(2), Count: huge - 3}, []tensor.Type{s8, s32}, true},
		{&tensor.Gather{Table: at(1), Index: at(2), Out: at(3), Rows: 262_144, Cols: 8192, Count: 4096}, []tensor.Type{s8, s32, s8}, true},
		{&tensor.Binary{A: at(1), B: at(2), Out: at(3), Rows: 1 << 15, Cols: 1 << 16, OneRow: true}, []tensor.Type{s32, s32, s32}, true},
		{&tensor.Clamp{X: at(1), Out: at(2), Count: huge}, []tensor.Type{s32, s32}, true},
		{&tensor.Leaky{X: at(1), Slope: at(2), Out: at(3), Rows: 1, Cols: huge}, []tensor.Type{s32, s32, s32}, true},
		{&tensor.Sum{X: at(1), Out: at(2), Rows: 1 << 24, Cols: 1}, []tensor.Type{s32, s32}, true},
		{&tensor.Argmax{X: at(1), Out: at(2), Rows: 2, Cols: huge}, []tensor.Type{s32, s32}, false},
		{&tensor.TopK{X: at(1), Values: at(2), Places: at(3), Rows: 4096, Cols: 262_144, K: 1024}, []tensor.Type{s32, s32, s32}, true},
		{&tensor.Noise{Out: at(1), Count: huge, First: 1<<64 - 5}, []tensor.Type{s32}, true},
	}
}

func TestLargeOperationsAreDividedWithinLimits(t *testing.T) {
	for _, c := range cases() {
		t.Run(fmt.Sprintf("%v", c.op.Code()), func(t *testing.T) {
			parts, fit := plan.Of(c.op, c.types, guaranteed())
			require.Equal(t, c.fits, fit)
			within(t, parts, guaranteed(), func(int) uint64 { return 1 << 60 })
			require.Less(t, len(parts), 1<<18)
			t.Logf("%d dispatches", len(parts))
		})
	}
}

// The windows of the output follow each other without a gap.
func TestPartsOfAnOutputCoverItOnce(t *testing.T) {
	l := plan.Limits{Range: 4096, Groups: [3]uint64{64, 64, 64}, Work: 1 << 16}
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	s32 := tensor.S32
	for _, c := range []large{
		{&tensor.Clamp{X: at(1), Out: at(2), Count: 70_001}, []tensor.Type{s32, s32}, true},
		{&tensor.Cast{X: at(1), Out: at(2), Count: 70_001}, []tensor.Type{s32, s32}, true},
		{&tensor.Leaky{X: at(1), Slope: at(2), Out: at(3), Rows: 3, Cols: 23_333}, []tensor.Type{s32, s32, s32}, true},
		{&tensor.Noise{Out: at(1), Count: 70_001}, []tensor.Type{s32}, true},
	} {
		parts, fit := plan.Of(c.op, c.types, l)
		require.True(t, fit)
		operand := len(c.types) - 1
		next := uint64(0)
		for _, p := range parts {
			for _, w := range p.Windows {
				if w.Operand == operand {
					require.Equal(t, next, w.From, p.Kernel)
					next = w.To
				}
			}
		}
		require.GreaterOrEqual(t, next, uint64(4*69_999))
	}
}
