package cpu_test

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// on returns a call on tensors of these shapes, which it names by the handles from 1 on.
func on(t testing.TB, d tensor.Device, op tensor.Op, shapes ...tensor.Shape) tensor.Call {
	t.Helper()
	require.NoError(t, tensor.Validate([]tensor.Op{op}, func(h tensor.Handle) (tensor.Shape, bool) {
		if h == 0 || int(h) > len(shapes) {
			return tensor.Shape{}, false
		}
		return shapes[h-1], true
	}))
	buffers := make([]tensor.Buffer, len(shapes))
	for i, s := range shapes {
		b, err := d.New(s)
		require.NoError(t, err)
		buffers[i] = b
	}
	call := tensor.Call{Op: op}
	for _, o := range tensor.Operands(op) {
		if o.None() {
			call.Buffers = append(call.Buffers, nil)
		} else {
			call.Buffers = append(call.Buffers, buffers[o.Tensor-1])
		}
	}
	return call
}

func at(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }

// The memory that a task may have for tensors does not pay for the memory that operations take.
func TestOperationsOnLongRowsTakeLittleMemory(t *testing.T) {
	const cols, rows, wide = 1 << 22, 64, 1 << 19
	d := cpu.New(cpu.WithCores(64))
	s32, s8, scales := tensor.S32, tensor.S8, tensor.Scales
	for _, c := range []struct {
		op     tensor.Op
		shapes []tensor.Shape
		most   uint64
	}{
		{
			&tensor.Rescale{Acc: at(1), Row: at(2), Out: at(1), Rows: 1, Cols: cols, OneRow: true},
			[]tensor.Shape{{Type: s32, Count: cols}, {Type: scales, Count: 1}},
			1 << 20,
		},
		{
			&tensor.TopK{X: at(1), Values: at(2), Places: at(3), Rows: 1, Cols: cols, K: 1024},
			[]tensor.Shape{{Type: s32, Count: cols}, {Type: s32, Count: 1024}, {Type: s32, Count: 1024}},
			1 << 20,
		},
		{
			&tensor.LayerNorm{X: at(1), Out: at(2), Scale: at(3), Rows: rows, Cols: wide},
			[]tensor.Shape{{Type: s32, Count: rows * wide}, {Type: s8, Count: rows * wide}, {Type: scales, Count: rows}},
			70 << 20,
		},
	} {
		call := on(t, d, c.op, c.shapes...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.NoError(t, d.Submit([]tensor.Call{call}))
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, c.most, c.op.Code())
	}
}

// same compares a call with that of the reference, on random elements.
func same(t *testing.T, d *cpu.Device, source *tensortest.Source, op tensor.Op, shapes ...tensor.Shape) {
	t.Helper()
	want, got := on(t, ref.NewDevice(), op, shapes...), on(t, d, op, shapes...)
	for i, s := range shapes[:len(shapes)-1] {
		p := make([]byte, s.Type.Bytes(s.Count))
		for j := range p {
			p[j] = byte(source.Uint64())
		}
		for j := 4; s.Type == tensor.Scales && j < len(p); j += 8 { // products with about 31 bits
			binary.LittleEndian.PutUint32(p[j:], 20+source.Below(30))
		}
		require.NoError(t, want.Buffers[i].Write(0, p))
		require.NoError(t, got.Buffers[i].Write(0, p))
	}
	require.NoError(t, ref.Run(want))
	require.NoError(t, d.Submit([]tensor.Call{got}))
	last := len(shapes) - 1
	require.Equal(t, want.Buffers[last].(*ref.Buffer).S32, got.Buffers[last].(*ref.Buffer).S32, op)
}

// Sums of fewer rows than vectors take at once, and matrices that several cores share.
func TestMatricesOfFewRowsGiveTheBitsOfTheReference(t *testing.T) {
	d, source := cpu.New(cpu.WithCores(3)), tensortest.NewSource(2)
	for range 200 {
		op := &tensor.Gemm{
			A: at(1), W: at(2), Out: at(3), Batch: source.Size(9), M: source.Size(30), N: source.Size(21), K: 4 * source.Size(64),
			SharedW: source.One(2),
		}
		weights := op.Batch
		if op.SharedW {
			weights = 1
		}
		same(t, d, source, op,
			tensor.Shape{Type: tensor.S8, Count: uint64(op.Batch * op.M * op.K)},
			tensor.Shape{Type: tensor.S8, Count: uint64(weights * op.N * op.K)},
			tensor.Shape{Type: tensor.S32, Count: uint64(op.Batch * op.M * op.N)})
	}
}

// Places of a kernel are cleared and copied together where they lie together.
func TestWindowsGiveTheBitsOfTheReference(t *testing.T) {
	d := cpu.New(cpu.WithCores(2))
	source := tensortest.NewSource(1)
	for range 400 {
		v := tensor.Window{
			Height: source.Size(9), Width: source.Size(9), KernelHeight: source.Size(7), KernelWidth: source.Size(7),
			OutHeight: source.Size(9), OutWidth: source.Size(9), StrideY: source.Size(4), StrideX: source.Size(4),
			DilationY: source.Size(5), DilationX: source.Size(5), PadTop: source.Below(20), PadLeft: source.Below(20),
		}
		channels, out := 4*source.Size(4), source.Size(5)
		op := &tensor.Conv2D{X: at(1), W: at(2), Out: at(3), Batch: 2, Channels: channels, OutChannels: out, Window: v}
		same(t, d, source, op,
			tensor.Shape{Type: tensor.S8, Count: uint64(2 * v.Height * v.Width * channels)},
			tensor.Shape{Type: tensor.S8, Count: uint64(out * v.KernelHeight * v.KernelWidth * channels)},
			tensor.Shape{Type: tensor.S32, Count: uint64(2 * v.OutHeight * v.OutWidth * out)})
	}
}
