package tensortest

import "github.com/thetaedge/theta/tensor"

// Large returns a case of an operation with the shape of a model, whose time is that of its
// elements and not of its launch.
func Large(code tensor.Code) Case {
	d := drawing{Source: NewSource(uint64(code)), packed: true}
	return Case{Op: d.large(code), Tensors: d.tensors}
}

func (d *drawing) large(code tensor.Code) tensor.Op {
	const rows, cols = 64, 2048
	s32 := func() tensor.Operand { return d.operand(tensor.S32, rows*cols) }
	s8 := func() tensor.Operand { return d.operand(tensor.S8, rows*cols) }
	scales := func(count uint64) tensor.Operand { return d.operand(tensor.Scales, count) }
	switch code {
	case tensor.CodeGemm:
		return &tensor.Gemm{A: d.operand(tensor.S8, 8*cols), W: d.operand(tensor.S8, cols*cols), Out: d.operand(tensor.S32, 8*cols), Batch: 1, M: 8, N: cols, K: cols}
	case tensor.CodeExpand4:
		return &tensor.Expand4{W: d.operand(tensor.S4, rows*cols), Gain: s8(), Zero: s8(), Out: s8(), N: rows, K: cols, Group: 64}
	case tensor.CodeRescale:
		return &tensor.Rescale{Acc: s32(), Row: scales(rows), Col: scales(cols), Residual: s32(), Out: s32(), Rows: rows, Cols: cols, Fraction: 16}
	case tensor.CodeQuant:
		return &tensor.Quant{X: s32(), Out: s8(), Scale: scales(rows), Rows: rows, Cols: cols, Fraction: 16}
	case tensor.CodeRMSNorm:
		return &tensor.RMSNorm{X: s32(), Gain: d.operand(tensor.S16, cols), Out: s8(), Scale: scales(rows), Rows: rows, Cols: cols, Fraction: 16}
	case tensor.CodeLayerNorm:
		return &tensor.LayerNorm{X: s32(), Gain: d.operand(tensor.S16, cols), Bias: s32(), Out: s8(), Scale: scales(rows), Rows: rows, Cols: cols, Fraction: 16}
	case tensor.CodeGroupNorm:
		return &tensor.GroupNorm{X: s32(), Gain: d.operand(tensor.S16, rows), Bias: s32(), Out: s32(), Batch: 1, Pixels: cols, Channels: rows, Groups: 4, Fraction: 16}
	case tensor.CodeRope:
		return &tensor.Rope{X: s32(), Cos: s32(), Sin: s32(), Out: s32(), Rows: rows, Heads: 32, Dim: 64, Rotated: 64}
	case tensor.CodeAttnScores:
		return &tensor.AttnScores{Q: s8(), QScale: scales(rows * 32), K: s8(), KScale: scales(rows * 32), Out: s32(), Queries: 4, Heads: 32, KVHeads: 2, Keys: 1024, Dim: 64, UnitM: 1 << 30, UnitE: 33}
	case tensor.CodeSoftmax:
		return &tensor.Softmax{X: s32(), VScale: scales(2048), Out: s32(), Scale: scales(128), Queries: 4, Heads: 32, KVHeads: 2, Keys: 1024}
	case tensor.CodeAttnValues:
		return &tensor.AttnValues{U: s32(), Scale: scales(128), V: s8(), Out: s32(), Queries: 4, Heads: 32, KVHeads: 2, Keys: 1024, Dim: 64, Fraction: 16}
	default:
		return d.largeOther(code)
	}
}

func (d *drawing) largeOther(code tensor.Code) tensor.Op {
	const rows, cols = 64, 2048
	const count = rows * cols
	s32 := func() tensor.Operand { return d.operand(tensor.S32, count) }
	s8 := func() tensor.Operand { return d.operand(tensor.S8, count) }
	image := tensor.Window{Height: 32, Width: 32, KernelHeight: 3, KernelWidth: 3, OutHeight: 32, OutWidth: 32, StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1, PadTop: 1, PadLeft: 1}
	switch code {
	case tensor.CodeLookup:
		return &tensor.Lookup{X: s32(), Table: s32(), Out: s32(), Count: count, Grid: tensor.Grid{Low: -1 << 31, Step: 16, Intervals: 65_536}}
	case tensor.CodeGate:
		return &tensor.Gate{X: s32(), U: s32(), Out: s32(), Count: count, Curve: tensor.Sigmoid, Shift: 16}
	case tensor.CodeConv2D:
		return &tensor.Conv2D{X: s8(), W: s8(), Out: s32(), Batch: 1, Channels: 64, OutChannels: 64, Window: image}
	case tensor.CodeDepthwise2D:
		return &tensor.Depthwise2D{X: s8(), W: s8(), Out: s32(), Batch: 1, Channels: 64, Window: image}
	case tensor.CodeCopy: // a transposition of bytes, which no cache likes
		return &tensor.Copy{From: s8(), To: s8(), Size: [5]uint32{1, 1, 1, cols, rows}, FromStride: [5]uint32{0, 0, 0, 1, cols}, ToStride: [4]uint32{0, 0, 0, rows}}
	case tensor.CodeFill:
		return &tensor.Fill{Out: s32(), Count: count, Value: 1}
	case tensor.CodeCast:
		return &tensor.Cast{X: s32(), Out: s8(), Count: count}
	case tensor.CodeGather:
		return &tensor.Gather{Table: s32(), Index: s32(), Out: s32(), Rows: cols * rows / 4, Cols: 4, Count: count / 4}
	case tensor.CodeBinary:
		return &tensor.Binary{A: s32(), B: s32(), Out: s32(), Rows: rows, Cols: cols, Kind: tensor.Times, Shift: 16}
	case tensor.CodeClamp:
		return &tensor.Clamp{X: s32(), Out: s32(), Count: count, Low: -1000, High: 1000}
	case tensor.CodeLeaky:
		return &tensor.Leaky{X: s32(), Slope: s32(), Out: s32(), Rows: rows, Cols: cols}
	case tensor.CodeSum:
		return &tensor.Sum{X: s32(), Out: s32(), Rows: rows, Cols: cols, M: 1 << 30, E: 30}
	case tensor.CodeArgmax:
		return &tensor.Argmax{X: s32(), Out: s32(), Rows: rows, Cols: cols}
	case tensor.CodeTopK:
		return &tensor.TopK{X: s32(), Values: s32(), Places: s32(), Rows: rows, Cols: cols, K: 1024}
	default:
		return &tensor.Noise{Out: s32(), Count: count, Gaussian: true}
	}
}
