package tensortest

import "github.com/thetaedge/theta/tensor"

// OddCase is an operation of a shape that no model has, with the shapes of its tensors.
type OddCase struct {
	Name   string
	Op     tensor.Op
	Shapes []tensor.Shape
}

// Case returns the case with random elements.
func (o OddCase) Case() Case {
	d := drawing{Source: NewSource(uint64(o.Op.Code())), packed: true}
	for _, s := range o.Shapes {
		d.operand(s.Type, s.Count)
	}
	return Case{Op: o.Op, Tensors: d.tensors}
}

// Odd lists shapes that take a processor or a graphics card much time for their fuel, because
// their parts are small, or because few of them can be worked on at once.
func Odd() []OddCase {
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	s8 := func(n uint64) tensor.Shape { return tensor.Shape{Type: tensor.S8, Count: n} }
	s32 := func(n uint64) tensor.Shape { return tensor.Shape{Type: tensor.S32, Count: n} }
	scales := func(n uint64) tensor.Shape { return tensor.Shape{Type: tensor.Scales, Count: n} }
	conv := func(name string, image, dilation uint32) OddCase {
		const kernel, out = 128, 8
		return OddCase{
			name,
			&tensor.Conv2D{X: at(1), W: at(2), Out: at(3), Batch: 1, Channels: 4, OutChannels: 1, Window: tensor.Window{
				Height: image, Width: image, KernelHeight: kernel, KernelWidth: kernel, OutHeight: out, OutWidth: out,
				StrideY: 1, StrideX: 1, DilationY: dilation, DilationX: dilation,
			}},
			[]tensor.Shape{s8(4 * uint64(image) * uint64(image)), s8(4 * kernel * kernel), s32(out * out)},
		}
	}
	const long = 1 << 18
	return []OddCase{
		{
			"many small matrices",
			&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1 << 16, M: 1, N: 1, K: 4},
			[]tensor.Shape{s8(1 << 18), s8(1 << 18), s32(1 << 16)},
		},
		{
			"three rows of weights",
			&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 256, N: 3, K: 4096},
			[]tensor.Shape{s8(1 << 20), s8(3 << 12), s32(768)},
		},
		{
			"rows that end within a vector",
			&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 256, N: 256, K: 60},
			[]tensor.Shape{s8(256 * 60), s8(256 * 60), s32(1 << 16)},
		},
		{
			"keys of a few elements",
			&tensor.AttnScores{Q: at(1), QScale: at(2), K: at(3), KScale: at(4), Out: at(5), Queries: 256, Heads: 1, KVHeads: 1, Keys: 256, Dim: 12},
			[]tensor.Shape{s8(256 * 12), scales(256), s8(256 * 12), scales(256), s32(1 << 16)},
		},
		{
			"the largest one of a long row",
			&tensor.TopK{X: at(1), Values: at(2), Places: at(3), Rows: 1, Cols: 1 << 20, K: 1},
			[]tensor.Shape{s32(1 << 20), s32(1), s32(1)},
		},
		conv("large kernels", 256, 1),
		conv("large spread kernels", 1024, 7),
		conv("kernels around a pixel", 1, 7),
		{"one long row", &tensor.Sum{X: at(1), Out: at(2), Rows: 1, Cols: long}, []tensor.Shape{s32(long), s32(1)}},
		{"one long row", &tensor.Argmax{X: at(1), Out: at(2), Rows: 1, Cols: long}, []tensor.Shape{s32(long), s32(1)}},
		{
			"one long row",
			&tensor.Quant{X: at(1), Out: at(2), Scale: at(3), Rows: 1, Cols: long, Fraction: 16},
			[]tensor.Shape{s32(long), s8(long), scales(1)},
		},
		{
			"one long row",
			&tensor.RMSNorm{X: at(1), Out: at(2), Scale: at(3), Rows: 1, Cols: long, Fraction: 16},
			[]tensor.Shape{s32(long), s8(long), scales(1)},
		},
		{
			"one head, many keys",
			&tensor.Softmax{X: at(1), Out: at(2), Scale: at(3), Queries: 1, Heads: 1, KVHeads: 1, Keys: 1 << 17},
			[]tensor.Shape{s32(1 << 17), s32(1 << 17), scales(1)},
		},
		{
			"one head, many keys",
			&tensor.AttnValues{U: at(1), Scale: at(2), V: at(3), Out: at(4), Queries: 1, Heads: 1, KVHeads: 1, Keys: 1 << 15, Dim: 64, Fraction: 16},
			[]tensor.Shape{s32(1 << 15), scales(1), s8(64 << 15), s32(64)},
		},
	}
}
