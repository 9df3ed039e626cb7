package tensortest

import "github.com/thetaedge/theta/tensor"

// Small returns a case of an operation whose inner dimensions are as small as they may be, with
// as many elements as Large. Its time is that of what each row and each sum takes beside its
// elements.
func Small(code tensor.Code) Case {
	d := drawing{Source: NewSource(uint64(code)), packed: true}
	return Case{Op: d.small(code), Tensors: d.tensors}
}

func (d *drawing) small(code tensor.Code) tensor.Op {
	const rows, count = 32_768, 131_072
	s32 := func() tensor.Operand { return d.operand(tensor.S32, count) }
	s8 := func() tensor.Operand { return d.operand(tensor.S8, count) }
	scales := func(count uint64) tensor.Operand { return d.operand(tensor.Scales, count) }
	switch code {
	case tensor.CodeGemm:
		return &tensor.Gemm{A: d.operand(tensor.S8, 1024), W: d.operand(tensor.S8, 2048), Out: s32(), Batch: 1, M: 256, N: 512, K: 4}
	case tensor.CodeExpand4:
		return &tensor.Expand4{W: d.operand(tensor.S4, count), Gain: d.operand(tensor.S8, count/8), Zero: d.operand(tensor.S8, count/8), Out: s8(), N: count / 8, K: 8, Group: 8}
	case tensor.CodeRescale:
		return &tensor.Rescale{Acc: s32(), Row: scales(count), Col: scales(1), Residual: s32(), Out: s32(), Rows: count, Cols: 1, Fraction: 16}
	case tensor.CodeQuant:
		return &tensor.Quant{X: s32(), Out: s8(), Scale: scales(rows), Rows: rows, Cols: 4, Fraction: 16}
	case tensor.CodeRMSNorm:
		return &tensor.RMSNorm{X: s32(), Gain: d.operand(tensor.S16, 4), Out: s8(), Scale: scales(rows), Rows: rows, Cols: 4, Fraction: 16}
	case tensor.CodeLayerNorm:
		return &tensor.LayerNorm{X: s32(), Gain: d.operand(tensor.S16, 4), Bias: s32(), Out: s8(), Scale: scales(rows), Rows: rows, Cols: 4, Fraction: 16}
	case tensor.CodeGroupNorm:
		return &tensor.GroupNorm{X: s32(), Gain: d.operand(tensor.S16, rows), Bias: s32(), Out: s32(), Batch: 4, Pixels: 1, Channels: rows, Groups: rows, Fraction: 16}
	case tensor.CodeRope:
		return &tensor.Rope{X: s32(), Cos: s32(), Sin: s32(), Out: s32(), Rows: rows, Heads: 1, Dim: 4, Rotated: 2}
	case tensor.CodeAttnScores:
		return &tensor.AttnScores{Q: s8(), QScale: scales(rows), K: s8(), KScale: scales(rows), Out: s32(), Queries: 32, Heads: 4, KVHeads: 4, Keys: 1024, Dim: 4, UnitM: 1 << 30, UnitE: 33}
	case tensor.CodeSoftmax:
		return &tensor.Softmax{X: s32(), VScale: scales(1), Out: s32(), Scale: scales(count), Queries: rows, Heads: 4, KVHeads: 1, Keys: 1}
	case tensor.CodeAttnValues:
		return &tensor.AttnValues{U: s32(), Scale: scales(rows), V: s8(), Out: s32(), Queries: rows, Heads: 1, KVHeads: 1, Keys: 1, Dim: 4, Fraction: 16}
	case tensor.CodeConv2D:
		return &tensor.Conv2D{X: s8(), W: d.operand(tensor.S8, 4), Out: s32(), Batch: 1, Channels: 4, OutChannels: 1, Window: point(256, 128)}
	case tensor.CodeDepthwise2D:
		return &tensor.Depthwise2D{X: s8(), W: d.operand(tensor.S8, 4), Out: s32(), Batch: 1, Channels: 4, Window: point(256, 128)}
	default:
		return d.smallOther(code)
	}
}

// point is a window of one pixel.
func point(height, width uint32) tensor.Window {
	return tensor.Window{
		Height: height, Width: width, KernelHeight: 1, KernelWidth: 1, OutHeight: height, OutWidth: width,
		StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1,
	}
}

func (d *drawing) smallOther(code tensor.Code) tensor.Op {
	const count = 131_072
	s32 := func() tensor.Operand { return d.operand(tensor.S32, count) }
	switch code {
	case tensor.CodeCopy:
		return &tensor.Copy{From: s32(), To: s32(), Size: [5]uint32{8, 16, 32, 32, 1}, FromStride: [5]uint32{1, 8, 128, 4096, 0}, ToStride: [4]uint32{16_384, 1024, 32, 1}}
	case tensor.CodeGather:
		return &tensor.Gather{Table: s32(), Index: s32(), Out: s32(), Rows: count, Cols: 1, Count: count}
	case tensor.CodeBinary:
		return &tensor.Binary{A: s32(), B: s32(), Out: s32(), Rows: count, Cols: 1, Kind: tensor.Times, Shift: 16, OneRow: true}
	case tensor.CodeLeaky:
		return &tensor.Leaky{X: s32(), Slope: d.operand(tensor.S32, 1), Out: s32(), Rows: count, Cols: 1, OneCol: true}
	case tensor.CodeSum:
		return &tensor.Sum{X: s32(), Out: s32(), Rows: count, Cols: 1, M: 1 << 30, E: 30}
	case tensor.CodeArgmax:
		return &tensor.Argmax{X: s32(), Out: s32(), Rows: count, Cols: 1}
	case tensor.CodeTopK:
		return &tensor.TopK{X: s32(), Values: s32(), Places: s32(), Rows: count, Cols: 1, K: 1}
	default:
		return d.largeOther(code)
	}
}
