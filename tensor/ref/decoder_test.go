package ref_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

// The shape of a small decoder with everything that the families of the profile's table use:
// grouped heads, biases of q, k and v, norms of q and k, a window and a gated activation.
const (
	width, heads, kvHeads, headDim, inner = 64, 4, 2, 16, 96
	tokens, cached, window                = 5, 20, 12
)

// block holds the weights of a layer in floats.
type block struct {
	q, k, v, o, gate, up, down []float64
	qBias, kBias, vBias        []float64
	norm, qNorm, kNorm, norm2  []float64
}

func newBlock(r *rand.Rand) block {
	draw := func(n int, deviation, mean float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()*deviation + mean
		}
		return x
	}
	return block{
		q: draw(heads*headDim*width, .12, 0), k: draw(kvHeads*headDim*width, .12, 0), v: draw(kvHeads*headDim*width, .12, 0),
		o: draw(width*heads*headDim, .12, 0), gate: draw(inner*width, .12, 0), up: draw(inner*width, .12, 0), down: draw(width*inner, .1, 0),
		qBias: draw(heads*headDim, .2, 0), kBias: draw(kvHeads*headDim, .2, 0), vBias: draw(kvHeads*headDim, .2, 0),
		norm: draw(width, .1, 1), qNorm: draw(headDim, .1, 1), kNorm: draw(headDim, .1, 1), norm2: draw(width, .1, 1),
	}
}

func rms(x, gain []float64) []float64 {
	var out []float64
	for at := 0; at < len(x); at += len(gain) {
		square := 0.0
		for _, v := range x[at:][:len(gain)] {
			square += v * v / float64(len(gain))
		}
		for i, g := range gain {
			out = append(out, x[at+i]/math.Sqrt(square+1e-6)*g)
		}
	}
	return out
}

func matrix(x, w, bias []float64, k int) []float64 {
	n := len(w) / k
	out := make([]float64, len(x)/k*n)
	for i := range out {
		for j := range k {
			out[i] += x[i/n*k+j] * w[i%n*k+j]
		}
		if bias != nil {
			out[i] += bias[i%n]
		}
	}
	return out
}

func turn(x []float64, count int, position func(row int) int) {
	for row := range len(x) / headDim {
		for i := range headDim / 2 {
			s, c := math.Sincos(float64(position(row/count)) / math.Pow(10_000, 2*float64(i)/headDim))
			a, b := x[row*headDim+i], x[row*headDim+headDim/2+i]
			x[row*headDim+i], x[row*headDim+headDim/2+i] = a*c-b*s, b*c+a*s
		}
	}
}

// floats is the layer in floats, over keys and values that are cached.
func (b block) floats(x, kCache, vCache []float64) []float64 {
	y := rms(x, b.norm)
	q, k, v := rms(matrix(y, b.q, b.qBias, width), b.qNorm), rms(matrix(y, b.k, b.kBias, width), b.kNorm), matrix(y, b.v, b.vBias, width)
	position := func(row int) int { return cached + row }
	turn(q, heads, position)
	turn(k, kvHeads, position)
	k, v = append(append([]float64{}, kCache...), k...), append(append([]float64{}, vCache...), v...)
	mixed := make([]float64, tokens*heads*headDim)
	for row := range tokens * heads {
		t, g := row/heads, row%heads/(heads/kvHeads)
		total := 0.0
		for s := cached + t + 1 - window; s <= cached+t; s++ {
			dot := 0.0
			for d := range headDim {
				dot += q[row*headDim+d] * k[(s*kvHeads+g)*headDim+d]
			}
			w := math.Exp(dot / math.Sqrt(headDim))
			total += w
			for d := range headDim {
				mixed[row*headDim+d] += w * v[(s*kvHeads+g)*headDim+d]
			}
		}
		for d := range headDim {
			mixed[row*headDim+d] /= total
		}
	}
	x = plus(x, matrix(mixed, b.o, nil, heads*headDim))
	y = rms(x, b.norm2)
	gate, up := matrix(y, b.gate, nil, width), matrix(y, b.up, nil, width)
	for i, g := range gate {
		gate[i] = g / (1 + math.Exp(-g)) * up[i]
	}
	return plus(x, matrix(gate, b.down, nil, inner))
}

func plus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] + b[i]
	}
	return out
}

// run is a program on a session: tensors by hand, operations in one submission.
type run struct {
	t   *testing.T
	s   *tensor.Session
	ops []tensor.Op
}

func (r *run) alloc(kind tensor.Type, count int) tensor.Operand {
	h, err := r.s.Alloc(tensor.Shape{Type: kind, Count: uint64(count)})
	require.NoError(r.t, err)
	return tensor.Operand{Tensor: h}
}

func (r *run) put(kind tensor.Type, count int, bytes []byte) tensor.Operand {
	o := r.alloc(kind, count)
	require.NoError(r.t, r.s.Write(o.Tensor, 0, bytes))
	return o
}

// points writes numbers with places after the point.
func (r *run) points(x []float64, places int) tensor.Operand {
	var bytes []byte
	for _, v := range x {
		bytes = binary.LittleEndian.AppendUint32(bytes, uint32(int32(math.Round(math.Ldexp(v, places)))))
	}
	return r.put(tensor.S32, len(x), bytes)
}

func (r *run) gain(x []float64) tensor.Operand {
	var bytes []byte
	for _, v := range x {
		bytes = binary.LittleEndian.AppendUint16(bytes, uint16(int16(math.Round(v*4096))))
	}
	return r.put(tensor.S16, len(x), bytes)
}

// scaleFor returns the scale of a number.
func scaleFor(x float64) fixed.Scale {
	fraction, exponent := math.Frexp(x)
	return fixed.Scale{M: int32(fraction * (1 << 31)), E: int32(31 - exponent)}
}

// weights writes rows of eight bits and their scales.
func (r *run) weights(x []float64, k int) (rows, scales tensor.Operand) {
	var bytes, units []byte
	for at := 0; at < len(x); at += k {
		most := 0.0
		for _, v := range x[at:][:k] {
			most = max(most, math.Abs(v))
		}
		for _, v := range x[at:][:k] {
			bytes = append(bytes, byte(int8(math.Round(v/most*127))))
		}
		s := scaleFor(most / 127)
		units = binary.LittleEndian.AppendUint32(units, uint32(s.M))
		units = binary.LittleEndian.AppendUint32(units, uint32(s.E))
	}
	return r.put(tensor.S8, len(x), bytes), r.put(tensor.Scales, len(x)/k, units)
}

func (r *run) do(ops ...tensor.Op) { r.ops = append(r.ops, ops...) }

// linear is x·w + bias + residual with 16 places after the point.
func (r *run) linear(x, scale tensor.Operand, w, bias []float64, k int, residual tensor.Operand) tensor.Operand {
	n := len(w) / k
	rows, units := r.weights(w, k)
	sums, out := r.alloc(tensor.S32, tokens*n), r.alloc(tensor.S32, tokens*n)
	r.do(&tensor.Gemm{A: x, W: rows, Out: sums, Batch: 1, M: tokens, N: uint32(n), K: uint32(k)},
		&tensor.Rescale{Acc: sums, Row: scale, Col: units, Residual: residual, Out: out, Rows: tokens, Cols: uint32(n), Fraction: 16})
	if bias != nil {
		r.do(&tensor.Binary{A: out, B: r.points(bias, 16), Out: out, Rows: tokens, Cols: uint32(n), OneRow: true})
	}
	return out
}

// norm is the norm of rows, cut to eight bits.
func (r *run) norm(x tensor.Operand, gain []float64) (out, scale tensor.Operand) {
	out, scale = r.alloc(tensor.S8, tokens*width), r.alloc(tensor.Scales, tokens)
	r.do(&tensor.RMSNorm{X: x, Gain: r.gain(gain), Out: out, Scale: scale, Rows: tokens, Cols: width, GainFraction: 12, Fraction: 16, Epsilon: epsilonOf(1e-6, width)})
	return out, scale
}

func (r *run) quant(x tensor.Operand, rows, cols int) (out, scale tensor.Operand) {
	out, scale = r.alloc(tensor.S8, rows*cols), r.alloc(tensor.Scales, rows)
	r.do(&tensor.Quant{X: x, Out: out, Scale: scale, Rows: uint32(rows), Cols: uint32(cols), Fraction: 16})
	return out, scale
}

// turned normalizes the heads of q or k and rotates them.
func (r *run) turned(x tensor.Operand, gain []float64, count int, cos, sin tensor.Operand) tensor.Operand {
	normed, out := r.alloc(tensor.S32, tokens*count*headDim), r.alloc(tensor.S32, tokens*count*headDim)
	r.do(&tensor.RMSNorm{X: x, Gain: r.gain(gain), Out: normed, Rows: uint32(tokens * count), Cols: headDim, GainFraction: 12, Fraction: 16, Epsilon: epsilonOf(1e-6, headDim)},
		&tensor.Rope{X: normed, Cos: cos, Sin: sin, Out: out, Rows: tokens, Heads: uint32(count), Dim: headDim, Rotated: headDim, From: cached})
	return out
}

// cache joins cached rows and new ones, in eight bits.
func (r *run) cache(old []float64, added tensor.Operand) (out, scale tensor.Operand) {
	out, scale = r.alloc(tensor.S8, (cached+tokens)*kvHeads*headDim), r.alloc(tensor.Scales, (cached+tokens)*kvHeads)
	r.do(&tensor.Quant{X: r.points(old, 16), Out: out, Scale: scale, Rows: cached * kvHeads, Cols: headDim, Fraction: 16})
	tail, tailScale := out, scale
	tail.Offset, tailScale.Offset = cached*kvHeads*headDim, cached*kvHeads
	r.do(&tensor.Quant{X: added, Out: tail, Scale: tailScale, Rows: tokens * kvHeads, Cols: headDim, Fraction: 16})
	return out, scale
}

// integers is the layer in the operations of the profile.
func (b block) integers(r *run, x, kCache, vCache []float64) tensor.Operand {
	var cos, sin []float64
	for position := range cached + tokens {
		for i := range headDim / 2 {
			s, c := math.Sincos(float64(position) / math.Pow(10_000, 2*float64(i)/headDim))
			cos, sin = append(cos, c), append(sin, s)
		}
	}
	cosTable, sinTable := r.points(cos, 30), r.points(sin, 30)
	in := r.points(x, 16)
	y, yScale := r.norm(in, b.norm)
	q := r.turned(r.linear(y, yScale, b.q, b.qBias, width, tensor.Operand{}), b.qNorm, heads, cosTable, sinTable)
	k := r.turned(r.linear(y, yScale, b.k, b.kBias, width, tensor.Operand{}), b.kNorm, kvHeads, cosTable, sinTable)
	v := r.linear(y, yScale, b.v, b.vBias, width, tensor.Operand{})
	q8, qScale := r.quant(q, tokens*heads, headDim)
	k8, kScale := r.cache(kCache, k)
	v8, vScale := r.cache(vCache, v)
	const keys = cached + tokens
	scores, scale, mixed := r.alloc(tensor.S32, heads*tokens*keys), r.alloc(tensor.Scales, heads*tokens), r.alloc(tensor.S32, tokens*heads*headDim)
	unit, mask := scaleFor(math.Log2E/math.Sqrt(headDim)), tensor.Mask{Causal: true, Base: cached, Window: window}
	r.do(&tensor.AttnScores{Q: q8, QScale: qScale, K: k8, KScale: kScale, Out: scores, Queries: tokens, Heads: heads, KVHeads: kvHeads, Keys: keys, Dim: headDim, UnitM: unit.M, UnitE: unit.E, Mask: mask},
		&tensor.Softmax{X: scores, VScale: vScale, Out: scores, Scale: scale, Queries: tokens, Heads: heads, KVHeads: kvHeads, Keys: keys, Mask: mask},
		&tensor.AttnValues{U: scores, Scale: scale, V: v8, Out: mixed, Queries: tokens, Heads: heads, KVHeads: kvHeads, Keys: keys, Dim: headDim, Fraction: 16, Mask: mask})
	m8, mScale := r.quant(mixed, tokens, heads*headDim)
	h := r.linear(m8, mScale, b.o, nil, heads*headDim, in)
	y, yScale = r.norm(h, b.norm2)
	gate, up := r.linear(y, yScale, b.gate, nil, width, tensor.Operand{}), r.linear(y, yScale, b.up, nil, width, tensor.Operand{})
	r.do(&tensor.Gate{X: gate, U: up, Out: gate, Count: tokens * inner, Curve: tensor.Sigmoid, Shift: 16})
	g8, gScale := r.quant(gate, tokens, inner)
	return r.linear(g8, gScale, b.down, nil, inner, h)
}

// A layer in integers differs from the same one in floats by what eight bits take away.
func TestDecoderLayerIsNearFloats(t *testing.T) {
	r := rand.New(rand.NewPCG(40, 1))
	b := newBlock(r)
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		return x
	}
	x, kCache, vCache := draw(tokens*width), draw(cached*kvHeads*headDim), draw(cached*kvHeads*headDim)
	want := b.floats(x, kCache, vCache)
	program := &run{t: t, s: tensor.NewSession(ref.NewDevice(), 1<<30, [32]byte{1})}
	out := b.integers(program, x, kCache, vCache)
	submission, err := program.s.Check(tensor.Encode(program.ops...))
	require.NoError(t, err)
	require.NoError(t, program.s.Run(submission))
	bytes := make([]byte, 4*len(want))
	require.NoError(t, program.s.Read(out.Tensor, 0, bytes))
	square, wrong := 0.0, 0.0
	for i, w := range want {
		got := float64(int32(binary.LittleEndian.Uint32(bytes[4*i:]))) / 65536
		square, wrong = square+w*w, wrong+(got-w)*(got-w)
	}
	t.Logf("relative error %.4f, fuel %d, records %d", math.Sqrt(wrong/square), submission.Fuel, len(program.ops))
	require.Less(t, math.Sqrt(wrong/square), 0.015)
}
