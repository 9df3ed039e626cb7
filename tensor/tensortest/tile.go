package tensortest

import (
	"bytes"

	"github.com/thetaedge/theta/tensor"
)

// Tiles returns products of matrices, and a convolution, that kernels compute in tiles of 64 rows and 64
// columns: some fill their tiles, and others end within one, or begin at a word of any place. In one of
// them, all elements are -128, whose products two by two do not fit into 16 bits.
func Tiles() []Case {
	gemm := func(seed uint64, batch, m, cols, k uint32, shared bool) Case {
		d := drawing{Source: NewSource(seed), packed: seed%2 == 0}
		o := &tensor.Gemm{Batch: batch, M: m, N: cols, K: k, SharedW: shared}
		weights := batch
		if shared {
			weights = 1
		}
		o.A, o.W = d.operand(tensor.S8, n(batch, m, k)), d.operand(tensor.S8, n(weights, cols, k))
		o.Out = d.operand(tensor.S32, n(batch, m, cols))
		return Case{Op: o, Tensors: d.tensors}
	}
	least := gemm(2, 1, 64, 64, 256, false)
	for _, t := range least.Tensors[:2] {
		copy(t.Bytes, bytes.Repeat([]byte{0x80}, len(t.Bytes)))
	}
	return []Case{
		gemm(4, 1, 64, 64, 64, false), gemm(6, 1, 128, 64, 512, false), least,
		gemm(5, 1, 130, 70, 132, false), gemm(7, 2, 65, 127, 36, true), gemm(9, 2, 60, 61, 68, false),
		tiledConvolution(),
	}
}

func tiledConvolution() Case {
	d := drawing{Source: NewSource(11)}
	o := &tensor.Conv2D{Batch: 2, Channels: 12, OutChannels: 67, Window: tensor.Window{
		Height: 9, Width: 17, KernelHeight: 3, KernelWidth: 3, OutHeight: 9, OutWidth: 17,
		StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1, PadTop: 1, PadLeft: 1,
	}}
	o.X, o.W = d.operand(tensor.S8, n(2, 9, 17, 12)), d.operand(tensor.S8, n(67, 3, 3, 12))
	o.Out = d.operand(tensor.S32, n(2, 9, 17, 67))
	return Case{Op: o, Tensors: d.tensors}
}
