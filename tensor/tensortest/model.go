package tensortest

import "github.com/thetaedge/theta/tensor"

// op draws an operation.
func (d *drawing) op(code tensor.Code) tensor.Op {
	switch code {
	case tensor.CodeGemm:
		return d.gemm()
	case tensor.CodeExpand4:
		return d.expand4()
	case tensor.CodeRescale:
		return d.rescale()
	case tensor.CodeQuant:
		o := &tensor.Quant{Rows: d.Size(9), Cols: d.aligned(200, tensor.S8), Fraction: d.Fraction()}
		o.X, o.Out, o.Scale = d.operand(tensor.S32, n(o.Rows, o.Cols)), d.operand(tensor.S8, n(o.Rows, o.Cols)), d.operand(tensor.Scales, n(o.Rows))
		return o
	case tensor.CodeRMSNorm:
		return d.rmsNorm()
	case tensor.CodeLayerNorm:
		return d.layerNorm()
	case tensor.CodeGroupNorm:
		return d.groupNorm()
	case tensor.CodeRope:
		return d.rope()
	case tensor.CodeAttnScores:
		return d.scores()
	case tensor.CodeSoftmax:
		return d.softmax()
	case tensor.CodeAttnValues:
		return d.values()
	default:
		return d.other(code)
	}
}

func (d *drawing) gemm() tensor.Op {
	o := &tensor.Gemm{Batch: d.Size(3), M: d.Size(17), N: d.Size(40), K: d.aligned(200, tensor.S8), SharedW: d.One(2)}
	weights := o.Batch
	if o.SharedW {
		weights = 1
	}
	o.A, o.W = d.operand(tensor.S8, n(o.Batch, o.M, o.K)), d.operand(tensor.S8, n(weights, o.N, o.K))
	o.Out = d.operand(tensor.S32, n(o.Batch, o.M, o.N))
	return o
}

func (d *drawing) expand4() tensor.Op {
	o := &tensor.Expand4{N: d.Size(20), Group: 8 * d.Size(8)}
	o.K = o.Group * d.Size(5)
	groups := n(o.N, o.K/o.Group)
	o.W, o.Gain, o.Zero = d.operand(tensor.S4, n(o.N, o.K)), d.operand(tensor.S8, groups), d.maybe(tensor.S8, groups)
	o.Out = d.operand(tensor.S8, n(o.N, o.K))
	return o
}

func (d *drawing) rescale() tensor.Op {
	in, out := tensor.S32, tensor.S32
	if d.One(3) {
		in = tensor.S8
	}
	if d.One(3) {
		out = tensor.S8
	}
	o := &tensor.Rescale{Rows: d.Size(12), Cols: d.aligned(80, tensor.S8), Fraction: d.Fraction()}
	count := n(o.Rows, o.Cols)
	o.Out = d.operand(out, count)
	o.Acc = d.place(in, count, o.Out)
	which := d.Below(3)
	if which != 0 {
		o.Row, o.OneRow = d.operand(tensor.Scales, n(o.Rows)), d.One(3)
	}
	if which != 1 {
		o.Col, o.OneCol = d.operand(tensor.Scales, n(o.Cols)), d.One(3)
	}
	if d.One(2) {
		o.Residual = d.place(tensor.S32, count, o.Out)
	}
	return o
}

// normalized draws the output of a norm.
func (d *drawing) normalized(rows, cols uint32) (out, scale tensor.Operand) {
	if d.One(2) {
		return d.operand(tensor.S32, n(rows, cols)), tensor.Operand{}
	}
	return d.operand(tensor.S8, n(rows, cols)), d.operand(tensor.Scales, n(rows))
}

// gain draws the gain of a norm.
func (d *drawing) gain(count uint32) (tensor.Operand, int32) {
	o := d.maybe(tensor.S16, n(count))
	if o.None() {
		return o, 0
	}
	return o, d.Fraction()
}

func (d *drawing) rmsNorm() tensor.Op {
	o := &tensor.RMSNorm{Rows: d.Size(6), Cols: d.aligned(300, tensor.S8), Fraction: d.Fraction(), Epsilon: d.epsilon()}
	o.X = d.operand(tensor.S32, n(o.Rows, o.Cols))
	o.Gain, o.GainFraction = d.gain(o.Cols)
	o.Out, o.Scale = d.normalized(o.Rows, o.Cols)
	return o
}

func (d *drawing) layerNorm() tensor.Op {
	o := &tensor.LayerNorm{Rows: d.Size(6), Cols: d.aligned(300, tensor.S8), Fraction: d.Fraction(), Epsilon: d.epsilon()}
	o.X = d.operand(tensor.S32, n(o.Rows, o.Cols))
	o.Gain, o.GainFraction = d.gain(o.Cols)
	o.Bias = d.maybe(tensor.S32, n(o.Cols))
	o.Out, o.Scale = d.normalized(o.Rows, o.Cols)
	return o
}

func (d *drawing) groupNorm() tensor.Op {
	o := &tensor.GroupNorm{Batch: d.Size(3), Pixels: d.Size(30), Groups: d.Size(4), Fraction: d.Fraction(), Epsilon: d.epsilon()}
	o.Channels = o.Groups * d.Size(9)
	count := n(o.Batch, o.Pixels, o.Channels)
	o.X = d.operand(tensor.S32, count)
	o.Gain, o.GainFraction = d.gain(o.Channels)
	o.Bias, o.Out = d.maybe(tensor.S32, n(o.Channels)), d.operand(tensor.S32, count)
	return o
}

func (d *drawing) rope() tensor.Op {
	o := &tensor.Rope{Rows: d.Size(9), Heads: d.Size(5), Dim: 1 + d.Size(40), From: d.Below(5)}
	o.Rotated = 2 * d.Size(o.Dim/2)
	count, table := n(o.Rows, o.Heads, o.Dim), n(o.From+o.Rows, o.Rotated/2)
	o.X, o.Cos, o.Sin, o.Out = d.operand(tensor.S32, count), d.operand(tensor.S32, table), d.operand(tensor.S32, table), d.operand(tensor.S32, count)
	return o
}

// heads draws the shape of an attention.
func (d *drawing) heads() (queries, heads, kvHeads, keys uint32) {
	kvHeads = d.Size(3)
	return d.Size(7), kvHeads * d.Size(3), kvHeads, d.Size(90)
}

func (d *drawing) scores() tensor.Op {
	o := &tensor.AttnScores{Dim: d.aligned(40, tensor.S8)}
	o.Queries, o.Heads, o.KVHeads, o.Keys = d.heads()
	o.UnitM, o.UnitE = d.scale()
	o.Mask = d.mask(o.Keys)
	o.Q, o.QScale = d.operand(tensor.S8, n(o.Queries, o.Heads, o.Dim)), d.operand(tensor.Scales, n(o.Queries, o.Heads))
	o.K, o.KScale = d.operand(tensor.S8, n(o.Keys, o.KVHeads, o.Dim)), d.operand(tensor.Scales, n(o.Keys, o.KVHeads))
	o.Out = d.operand(tensor.S32, n(o.Heads, o.Queries, o.Keys))
	return o
}

func (d *drawing) softmax() tensor.Op {
	o := &tensor.Softmax{}
	o.Queries, o.Heads, o.KVHeads, o.Keys = d.heads()
	o.Mask = d.mask(o.Keys)
	count := n(o.Heads, o.Queries, o.Keys)
	o.Out, o.Scale = d.operand(tensor.S32, count), d.operand(tensor.Scales, n(o.Heads, o.Queries))
	o.X, o.VScale = d.place(tensor.S32, count, o.Out), d.maybe(tensor.Scales, n(o.Keys, o.KVHeads))
	return o
}

func (d *drawing) values() tensor.Op {
	o := &tensor.AttnValues{Dim: d.aligned(40, tensor.S8), Fraction: d.Fraction()}
	o.Queries, o.Heads, o.KVHeads, o.Keys = d.heads()
	o.Mask = d.mask(o.Keys)
	o.U, o.Scale = d.operand(tensor.S32, n(o.Heads, o.Queries, o.Keys)), d.operand(tensor.Scales, n(o.Heads, o.Queries))
	o.V, o.Out = d.operand(tensor.S8, n(o.Keys, o.KVHeads, o.Dim)), d.operand(tensor.S32, n(o.Queries, o.Heads, o.Dim))
	return o
}
