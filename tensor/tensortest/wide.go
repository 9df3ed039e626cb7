package tensortest

import (
	"encoding/binary"

	"github.com/thetaedge/theta/tensor"
)

// Kinds of operations that DrawWide draws.
const (
	// WideConvolution and WideProduct are the kinds that kernels compute in tiles.
	WideConvolution = 8
	WideProduct     = 9
	// WideKinds is the number of kinds.
	WideKinds = 10
)

// DrawWide returns a random case of a kind of operation. It has more columns, keys and rows than one of Draw, and
// elements of any bits.
func DrawWide(s *Source, kind int) Case {
	w := wide{Source: s}
	w.c.Op = w.op(kind)
	w.c.Keys = make([][32]byte, w.Below(3))
	for i := range w.c.Keys {
		w.c.Keys[i][0] = byte(w.Uint64())
	}
	return w.c
}

// wide collects the tensors of a case.
type wide struct {
	*Source
	c Case
}

// tensor returns a place for elements in a tensor of its own.
func (w *wide) tensor(t tensor.Type, sizes ...uint32) tensor.Operand {
	count := n(sizes...)
	bytes := make([]byte, t.Bytes(count))
	way := w.Below(6)
	edge := []uint32{0x80000000, 0x7fffffff, 0x80808080, 0x7f7f7f7f, 0, 0xffffffff, 0x3fffffff, 0x40000000, 0xc0000000, 0xbfffffff}[w.Below(10)]
	e := w.Below(120)
	for i := 0; i < len(bytes); i += 4 {
		word := uint32(w.Uint64())
		switch {
		case way == 1:
			word = edge
		case way == 2 && w.One(2):
			word = edge
		case way == 3 && t == tensor.S32:
			word = uint32(int32(word) >> w.Below(32))
		case way == 4 && t == tensor.S32:
			word = uint32(int32(word) >> 14)
		}
		if t == tensor.Scales && i%8 == 4 {
			switch way {
			case 0:
			case 1:
				word = e
			case 2:
				word = uint32(int32(word) >> 22)
			case 3:
				word = []uint32{0x80000000, 0x7fffffff, 512, 513, 0xfffffe00, 0xfffffdff, 62, 63}[word%8]
			default:
				word = e + word%24
			}
		}
		var four [4]byte
		binary.LittleEndian.PutUint32(four[:], word)
		copy(bytes[i:], four[:])
	}
	w.c.Tensors = append(w.c.Tensors, Tensor{Shape: tensor.Shape{Type: t, Count: count}, Bytes: bytes})
	return tensor.Operand{Tensor: tensor.Handle(len(w.c.Tensors))}
}

func (w *wide) mask(keys uint32) tensor.Mask {
	if w.One(2) {
		return tensor.Mask{}
	}
	m := tensor.Mask{Causal: true, Base: w.Below(keys + 3)}
	if w.One(2) {
		m.Window = 1 + w.Below(keys)
	}
	return m
}

// op draws an operation of a kind.
func (w *wide) op(kind int) tensor.Op {
	return []func() tensor.Op{w.values, w.scores, w.softmax, w.rescale, w.quant, w.rmsNorm, w.rope, w.gate, w.conv, w.gemm}[kind]()
}

// heads draws the sizes of an attention.
func (w *wide) heads() (queries, heads, kv, keys, dim uint32) {
	kv = 1 + w.Below(3)
	return 1 + w.Below(4), kv * (1 + w.Below(3)), kv, 1 + w.Below(700), 4 * (1 + w.Below(50))
}

// matrix draws the sizes of a matrix.
func (w *wide) matrix() (rows, cols uint32) { return 1 + w.Below(40), 4 * (1 + w.Below(400)) }

func (w *wide) values() tensor.Op {
	queries, heads, kv, keys, dim := w.heads()
	o := &tensor.AttnValues{Queries: queries, Heads: heads, KVHeads: kv, Keys: keys, Dim: dim, Fraction: w.Fraction(), Mask: w.mask(keys)}
	o.U, o.Scale, o.V, o.Out = w.tensor(tensor.S32, heads, queries, keys), w.tensor(tensor.Scales, heads, queries), w.tensor(tensor.S8, keys, kv, dim), w.tensor(tensor.S32, queries, heads, dim)
	return o
}

func (w *wide) scores() tensor.Op {
	queries, heads, kv, keys, dim := w.heads()
	o := &tensor.AttnScores{Queries: queries, Heads: heads, KVHeads: kv, Keys: keys, Dim: dim, UnitM: int32(w.Uint64()), UnitE: int32(w.Below(80)) - 20, Mask: w.mask(keys)}
	o.Q, o.QScale, o.K, o.KScale, o.Out = w.tensor(tensor.S8, queries, heads, dim), w.tensor(tensor.Scales, queries, heads), w.tensor(tensor.S8, keys, kv, dim), w.tensor(tensor.Scales, keys, kv), w.tensor(tensor.S32, heads, queries, keys)
	return o
}

func (w *wide) softmax() tensor.Op {
	queries, heads, kv, keys, _ := w.heads()
	o := &tensor.Softmax{Queries: queries, Heads: heads, KVHeads: kv, Keys: keys, Mask: w.mask(keys)}
	o.X, o.Scale = w.tensor(tensor.S32, heads, queries, keys), w.tensor(tensor.Scales, heads, queries)
	if o.Out = o.X; w.One(2) {
		o.Out = w.tensor(tensor.S32, heads, queries, keys)
	}
	if !w.One(3) {
		o.VScale = w.tensor(tensor.Scales, keys, kv)
	}
	return o
}

func (w *wide) rescale() tensor.Op {
	rows, cols := w.matrix()
	o := &tensor.Rescale{Rows: rows, Cols: cols, Fraction: w.Fraction(), OneRow: w.One(3), OneCol: w.One(3)}
	o.Acc, o.Row, o.Col = w.tensor(tensor.S32, rows, cols), w.tensor(tensor.Scales, rows), w.tensor(tensor.Scales, cols)
	if o.Out = o.Acc; !w.One(3) {
		o.Out = w.tensor(tensor.S32, rows, cols)
	}
	switch w.Below(3) {
	case 0:
		o.Residual = o.Out
	case 1:
		o.Residual = w.tensor(tensor.S32, rows, cols)
	}
	return o
}

func (w *wide) quant() tensor.Op {
	rows, cols := w.matrix()
	o := &tensor.Quant{Rows: rows, Cols: cols, Fraction: w.Fraction()}
	o.X, o.Out, o.Scale = w.tensor(tensor.S32, rows, cols), w.tensor(tensor.S8, rows, cols), w.tensor(tensor.Scales, rows)
	return o
}

func (w *wide) rmsNorm() tensor.Op {
	rows, cols := w.matrix()
	o := &tensor.RMSNorm{Rows: rows, Cols: cols, Fraction: w.Fraction(), Epsilon: w.Uint64() >> (2 + w.Below(60))}
	o.X = w.tensor(tensor.S32, rows, cols)
	if !w.One(3) {
		o.Gain, o.GainFraction = w.tensor(tensor.S16, cols), w.Fraction()
	}
	if w.One(2) {
		o.Out, o.Scale = w.tensor(tensor.S8, rows, cols), w.tensor(tensor.Scales, rows)
	} else {
		o.Out = w.tensor(tensor.S32, rows, cols)
	}
	return o
}

func (w *wide) rope() tensor.Op {
	rows, heads, half, rest := 1+w.Below(30), 1+w.Below(9), 1+w.Below(70), w.Below(9)
	o := &tensor.Rope{Rows: rows, Heads: heads, Rotated: 2 * half, Dim: 2*half + rest, From: w.Below(5)}
	o.X, o.Cos, o.Sin = w.tensor(tensor.S32, rows, heads, o.Dim), w.tensor(tensor.S32, rows+o.From, half), w.tensor(tensor.S32, rows+o.From, half)
	o.Out = w.tensor(tensor.S32, rows, heads, o.Dim)
	return o
}

func (w *wide) gate() tensor.Op {
	o := &tensor.Gate{Count: 1 + w.Below(40_000), Curve: tensor.Curve(w.Below(4))}
	o.X = w.tensor(tensor.S32, o.Count)
	if o.Out = o.X; w.One(2) {
		o.Out = w.tensor(tensor.S32, o.Count)
	}
	switch w.Below(3) {
	case 0:
		o.U, o.Shift = w.tensor(tensor.S32, o.Count), w.Below(63)
	case 1:
		o.U, o.Shift = o.X, w.Below(63)
	}
	if o.Curve == tensor.Own {
		o.Grid = tensor.Grid{Low: int32(w.Uint64()) >> w.Below(32), Step: w.Below(31), Intervals: 1 + w.Below(4000)}
		o.Table = w.tensor(tensor.S32, o.Grid.Intervals+1)
	}
	return o
}

func (w *wide) gemm() tensor.Op {
	o := &tensor.Gemm{Batch: w.Size(60), M: w.Size(60), N: w.Size(150), K: 4 * w.Size(200), SharedW: w.One(2)}
	weights := o.Batch
	if o.SharedW {
		weights = 1
	}
	o.A, o.W, o.Out = w.tensor(tensor.S8, o.Batch, o.M, o.K), w.tensor(tensor.S8, weights, o.N, o.K), w.tensor(tensor.S32, o.Batch, o.M, o.N)
	return o
}

func (w *wide) conv() tensor.Op {
	o := &tensor.Conv2D{Batch: w.Size(3), Channels: 4 * w.Size(5), OutChannels: w.Size(70), Window: tensor.Window{
		Height: w.Size(30), Width: w.Size(30), KernelHeight: w.Size(9), KernelWidth: w.Size(9), OutHeight: w.Size(12), OutWidth: w.Size(12),
		StrideY: w.Size(4), StrideX: w.Size(4), DilationY: w.Size(5), DilationX: w.Size(5), PadTop: w.Below(9), PadLeft: w.Below(9),
	}}
	v := o.Window
	o.X = w.tensor(tensor.S8, o.Batch, v.Height, v.Width, o.Channels)
	o.W = w.tensor(tensor.S8, o.OutChannels, v.KernelHeight, v.KernelWidth, o.Channels)
	o.Out = w.tensor(tensor.S32, o.Batch, v.OutHeight, v.OutWidth, o.OutChannels)
	return o
}
