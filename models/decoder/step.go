package decoder

import (
	"encoding/binary"

	"github.com/thetaedge/theta/tensor"
)

// step collects the operations of a number of tokens.
type step struct {
	d *Decoder
	w *workspace
	// rows is the number of tokens, past that of those before them.
	rows, past uint32
	ops        []tensor.Op
}

func (s *step) do(ops ...tensor.Op) { s.ops = append(s.ops, ops...) }

// from returns a place some elements after another one.
func from(o tensor.Operand, elements uint64) tensor.Operand {
	o.Offset += elements
	return o
}

// inputs writes the tokens and the rotations of their positions.
func (s *step) inputs(tokens []int32) error {
	words := make([]byte, 0, 4*len(tokens))
	for _, t := range tokens {
		words = binary.LittleEndian.AppendUint32(words, uint32(t))
	}
	if err := s.d.machine.Write(s.w.tokens.Tensor, 0, words); err != nil {
		return err
	}
	steps := s.d.model.Steps
	turns := make([]byte, 8*len(tokens)*len(steps))
	for i := range tokens {
		for j, turn := range steps {
			cos, sin := rotation(turn * uint64(s.past+uint32(i)))
			at := i*len(steps) + j
			binary.LittleEndian.PutUint32(turns[4*at:], uint32(cos))
			binary.LittleEndian.PutUint32(turns[4*(len(tokens)*len(steps)+at):], uint32(sin))
		}
	}
	return s.d.machine.Write(s.w.turns.Tensor, 0, turns)
}

// embed reads the rows of the embedding into the stream.
func (s *step) embed() {
	e, w, m := s.d.weights.embedding, s.w, s.d.model
	s.do(&tensor.Gather{Table: e.weight, Index: w.tokens, Out: w.row, Rows: e.n, Cols: e.k, Count: s.rows},
		&tensor.Gather{Table: e.scale, Index: w.tokens, Out: w.rowScale, Rows: e.n, Cols: 1, Count: s.rows},
		&tensor.Rescale{Acc: w.row, Row: w.rowScale, Out: w.stream, Rows: s.rows, Cols: e.k, Fraction: m.Places.Stream})
}

// linear multiplies rows of eight bits with a matrix. With `residual`, the products are added to
// the stream, and `out` is the stream.
func (s *step) linear(x, scale tensor.Operand, m matrix, out tensor.Operand, residual bool) {
	weight := m.weight
	if m.group != 0 {
		s.do(&tensor.Expand4{W: m.weight, Gain: m.gain, Zero: m.zero, Out: s.w.expanded, N: m.n, K: m.k, Group: m.group})
		weight = s.w.expanded
	}
	sums, old, places := out, tensor.Operand{}, int32(activationPlaces)
	if residual {
		sums, old, places = s.w.sums, out, s.d.model.Places.Stream
	}
	s.do(&tensor.Gemm{A: x, W: weight, Out: sums, Batch: 1, M: s.rows, N: m.n, K: m.k},
		&tensor.Rescale{Acc: sums, Row: scale, Col: m.scale, Residual: old, Out: out, Rows: s.rows, Cols: m.n, Fraction: places})
	if !m.bias.None() {
		s.do(&tensor.Binary{A: out, B: m.bias, Out: out, Rows: s.rows, Cols: m.n, Kind: tensor.Plus, OneRow: true})
	}
}

// normalize writes the norm of rows of the stream, cut to eight bits.
func (s *step) normalize(x tensor.Operand, n norm) {
	places := s.d.model.Places.Stream
	s.do(&tensor.RMSNorm{
		X: x, Gain: n.gain, Out: s.w.row, Scale: s.w.rowScale, Rows: s.rows, Cols: n.cols,
		GainFraction: n.places, Fraction: activationPlaces, Epsilon: s.d.epsilon(n.cols, places),
	})
}

func (s *step) layer(l *layer, c cache) {
	w := s.w
	s.normalize(w.stream, l.attentionNorm)
	s.linear(w.row, w.rowScale, l.q, w.q, false)
	s.linear(w.row, w.rowScale, l.k, w.k, false)
	s.linear(w.row, w.rowScale, l.v, w.v, false)
	s.attend(l, c)
	s.linear(w.row, w.rowScale, l.o, w.stream, true)
	s.normalize(w.stream, l.feedNorm)
	s.linear(w.row, w.rowScale, l.gate, w.gate, false)
	s.linear(w.row, w.rowScale, l.up, w.up, false)
	inner := s.d.model.Places.Inner
	s.do(&tensor.Gate{X: w.gate, U: w.up, Out: w.gate, Count: s.rows * l.down.k, Curve: tensor.Sigmoid, Shift: uint32(2*activationPlaces - inner)},
		&tensor.Quant{X: w.gate, Out: w.inner, Scale: w.innerScale, Rows: s.rows, Cols: l.down.k, Fraction: inner})
	s.linear(w.inner, w.innerScale, l.down, w.stream, true)
}

// attend replaces the queries by the mean of the values that they see, in eight bits.
func (s *step) attend(l *layer, c cache) {
	w, m := s.w, s.d.model
	s.turn(w.q, l.qNorm, m.Heads, l.Rotated, w.q8, w.qScale)
	at := uint64(s.past) * uint64(m.KVHeads)
	s.turn(w.k, l.kNorm, m.KVHeads, l.Rotated, from(c.k, at*uint64(m.HeadDim)), from(c.kScale, at))
	s.quant(w.v, s.rows*m.KVHeads, m.HeadDim, from(c.v, at*uint64(m.HeadDim)), from(c.vScale, at))
	first := uint32(0)
	if l.Window > 0 && s.past+1 > l.Window {
		first = s.past + 1 - l.Window
	}
	// Keys before the first one that a query sees are left out.
	keys, mask := s.past+s.rows-first, tensor.Mask{Causal: true, Base: s.past - first, Window: l.Window}
	at = uint64(first) * uint64(m.KVHeads)
	k, kScale := from(c.k, at*uint64(m.HeadDim)), from(c.kScale, at)
	v, vScale := from(c.v, at*uint64(m.HeadDim)), from(c.vScale, at)
	s.do(&tensor.AttnScores{
		Q: w.q8, QScale: w.qScale, K: k, KScale: kScale, Out: w.scores, Queries: s.rows, Heads: m.Heads,
		KVHeads: m.KVHeads, Keys: keys, Dim: m.HeadDim, UnitM: m.Unit.M, UnitE: m.Unit.E, Mask: mask,
	}, &tensor.Softmax{
		X: w.scores, VScale: vScale, Out: w.scores, Scale: w.scoreScale,
		Queries: s.rows, Heads: m.Heads, KVHeads: m.KVHeads, Keys: keys, Mask: mask,
	}, &tensor.AttnValues{
		U: w.scores, Scale: w.scoreScale, V: v, Out: w.q, Queries: s.rows, Heads: m.Heads,
		KVHeads: m.KVHeads, Keys: keys, Dim: m.HeadDim, Fraction: activationPlaces, Mask: mask,
	})
	s.quant(w.q, s.rows, m.Heads*m.HeadDim, w.row, w.rowScale)
}

// turn normalizes the heads of q or k if they have a norm, rotates them, and cuts them to eight
// bits.
func (s *step) turn(x tensor.Operand, n norm, heads uint32, rotated bool, out, scale tensor.Operand) {
	m, other := s.d.model, s.w.turned
	if !n.gain.None() {
		s.do(&tensor.RMSNorm{
			X: x, Gain: n.gain, Out: other, Rows: s.rows * heads, Cols: n.cols,
			GainFraction: n.places, Fraction: activationPlaces, Epsilon: s.d.epsilon(n.cols, activationPlaces),
		})
		x, other = other, x
	}
	if rotated {
		pairs := uint64(s.rows) * uint64(len(m.Steps))
		s.do(&tensor.Rope{X: x, Cos: s.w.turns, Sin: from(s.w.turns, pairs), Out: other, Rows: s.rows, Heads: heads, Dim: m.HeadDim, Rotated: m.HeadDim})
		x = other
	}
	s.quant(x, s.rows*heads, m.HeadDim, out, scale)
}

func (s *step) quant(x tensor.Operand, rows, cols uint32, out, scale tensor.Operand) {
	s.do(&tensor.Quant{X: x, Out: out, Scale: scale, Rows: rows, Cols: cols, Fraction: activationPlaces})
}

// head computes the logits after the last `wanted` tokens.
func (s *step) head(wanted uint32) {
	head := s.d.weights.head
	skipped := uint64(s.rows-wanted) * uint64(head.k)
	s.rows = wanted
	s.normalize(from(s.w.stream, skipped), s.d.weights.norm)
	s.linear(s.w.row, s.w.rowScale, head, s.w.logits, false)
}
