package tensortest

import "github.com/thetaedge/theta/tensor"

// Decoder is the shape of the layers of a language model. Width is Heads times Dim.
type Decoder struct{ Width, Inner, Heads, KVHeads, Dim uint32 }

// Medium has 11.5 MB of weights in each layer, and Billion 61 MB, as models of a billion weights do.
func Medium() Decoder { return Decoder{Width: 1024, Inner: 2816, Heads: 16, KVHeads: 4, Dim: 64} }

// Billion is described at Medium.
func Billion() Decoder { return Decoder{Width: 2048, Inner: 8192, Heads: 32, KVHeads: 8, Dim: 64} }

// layers is a language model that is being made, with weights of any bits.
type layers struct {
	drawing
	Decoder

	ops []tensor.Op
}

// keys is the number of keys that new rows attend to.
const keys = 512

// Layers returns the operations of some layers of a medium language model, as those of Decoder do.
func Layers(rows, count uint32) ([]tensor.Op, []Tensor) { return Medium().Layers(rows, count) }

// Layers returns the operations of some layers for new rows, which attend to 512 keys, and their
// tensors, with weights of any bits. One row is a step of decoding, and many rows are a part of a prompt.
func (s Decoder) Layers(rows, count uint32) ([]tensor.Op, []Tensor) {
	d := layers{drawing: drawing{Source: NewSource(uint64(rows)), packed: true}, Decoder: s}
	x := d.tensor(tensor.S32, uint64(rows)*uint64(s.Width))
	for range count {
		x = d.layer(rows, x)
	}
	return d.ops, d.tensors
}

// tensor makes a tensor of any bits; scales are of some size.
func (d *layers) tensor(t tensor.Type, count uint64) tensor.Operand {
	bytes := make([]byte, t.Bytes(count))
	x := uint32(len(d.tensors) + 1)
	for i := range bytes {
		x = x*1664525 + 1013904223
		bytes[i] = byte(x >> 24)
	}
	if t == tensor.Scales {
		for i := range bytes {
			bytes[i] = []byte{1, 2, 3, 0x40, 20, 0, 0, 0}[i%8]
		}
	}
	d.tensors = append(d.tensors, Tensor{tensor.Shape{Type: t, Count: count}, bytes})
	return tensor.Operand{Tensor: tensor.Handle(len(d.tensors))}
}

// linear multiplies rows with weights of their own.
func (d *layers) linear(rows, n, k uint32, a, scale, residual tensor.Operand) tensor.Operand {
	sums, out := d.tensor(tensor.S32, uint64(rows)*uint64(n)), d.tensor(tensor.S32, uint64(rows)*uint64(n))
	d.ops = append(d.ops,
		&tensor.Gemm{A: a, W: d.tensor(tensor.S8, uint64(n)*uint64(k)), Out: sums, Batch: 1, M: rows, N: n, K: k, SharedW: true},
		&tensor.Rescale{Acc: sums, Row: scale, Col: d.tensor(tensor.Scales, uint64(n)), Residual: residual, Out: out, Rows: rows, Cols: n, Fraction: 16})
	return out
}

// quant cuts rows to eight bits.
func (d *layers) quant(rows, n uint32, x tensor.Operand) (out, scale tensor.Operand) {
	out, scale = d.tensor(tensor.S8, uint64(rows)*uint64(n)), d.tensor(tensor.Scales, uint64(rows))
	d.ops = append(d.ops, &tensor.Quant{X: x, Out: out, Scale: scale, Rows: rows, Cols: n, Fraction: 16})
	return out, scale
}

// norm is that of a layer.
func (d *layers) norm(rows uint32, x tensor.Operand) (out, scale tensor.Operand) {
	width := uint64(d.Width)
	out, scale = d.tensor(tensor.S8, uint64(rows)*width), d.tensor(tensor.Scales, uint64(rows))
	d.ops = append(d.ops, &tensor.RMSNorm{X: x, Gain: d.tensor(tensor.S16, width), Out: out, Scale: scale, Rows: rows, Cols: d.Width, GainFraction: 12, Fraction: 16})
	return out, scale
}

// layer adds the operations of a layer.
func (d *layers) layer(rows uint32, x tensor.Operand) tensor.Operand {
	width, inner, heads, kvHeads, dim := d.Width, d.Inner, d.Heads, d.KVHeads, d.Dim
	size, shared := uint64(rows)*uint64(width), uint64(keys*kvHeads)
	a, scale := d.norm(rows, x)
	q := d.linear(rows, heads*dim, width, a, scale, tensor.Operand{})
	_ = d.linear(rows, kvHeads*dim, width, a, scale, tensor.Operand{})
	_ = d.linear(rows, kvHeads*dim, width, a, scale, tensor.Operand{})
	turned := d.tensor(tensor.S32, size)
	d.ops = append(d.ops, &tensor.Rope{X: q, Cos: d.tensor(tensor.S32, uint64(keys*dim/2)), Sin: d.tensor(tensor.S32, uint64(keys*dim/2)), Out: turned, Rows: rows, Heads: heads, Dim: dim, Rotated: dim, From: keys - rows})
	q8, qScale := d.quant(rows*heads, dim, turned)
	scores, weights := d.tensor(tensor.S32, uint64(rows*heads*keys)), d.tensor(tensor.S32, uint64(rows*heads*keys))
	rowScale, out := d.tensor(tensor.Scales, uint64(rows*heads)), d.tensor(tensor.S32, size)
	mask := tensor.Mask{Causal: true, Base: keys - rows}
	d.ops = append(d.ops,
		&tensor.AttnScores{Q: q8, QScale: qScale, K: d.tensor(tensor.S8, shared*uint64(dim)), KScale: d.tensor(tensor.Scales, shared), Out: scores, Queries: rows, Heads: heads, KVHeads: kvHeads, Keys: keys, Dim: dim, UnitM: 1 << 30, UnitE: 33, Mask: mask},
		&tensor.Softmax{X: scores, VScale: d.tensor(tensor.Scales, shared), Out: weights, Scale: rowScale, Queries: rows, Heads: heads, KVHeads: kvHeads, Keys: keys, Mask: mask},
		&tensor.AttnValues{U: weights, Scale: rowScale, V: d.tensor(tensor.S8, shared*uint64(dim)), Out: out, Queries: rows, Heads: heads, KVHeads: kvHeads, Keys: keys, Dim: dim, Fraction: 16, Mask: mask})
	o8, oScale := d.quant(rows, width, out)
	x = d.linear(rows, width, width, o8, oScale, x)
	a, scale = d.norm(rows, x)
	gate, up := d.linear(rows, inner, width, a, scale, tensor.Operand{}), d.linear(rows, inner, width, a, scale, tensor.Operand{})
	d.ops = append(d.ops, &tensor.Gate{X: gate, U: up, Out: gate, Count: rows * inner, Curve: tensor.Sigmoid, Shift: 16})
	h8, hScale := d.quant(rows, inner, gate)
	return d.linear(rows, width, inner, h8, hScale, x)
}
