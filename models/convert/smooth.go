package convert

import "math"

// smooth moves part of what makes some activations of a layer larger than others into the weights
// (SmoothQuant, arXiv 2211.10438), and of keys into queries. The layer computes the same function
// afterwards. Inputs first: what divides the rows of a matrix changes the columns of no other one.
func (l *layer) smooth(m *maxima) {
	l.smoothKeys(m.queries, m.keys)
	l.smoothValues(m.attentionOut)
	l.smoothInner(m.feedOut)
	spread(l.attentionNorm, balance(m.attentionIn, l.q, l.k, l.v), &l.q, &l.k, &l.v)
	spread(l.feedNorm, balance(m.feedIn, l.gate, l.up), &l.gate, &l.up)
}

// spread divides a gain by factors, and multiplies the inputs of the matrices after the norm.
func spread(gain, factors []float32, matrices ...*matrix) {
	for i := range gain {
		gain[i] /= factors[i]
	}
	for _, m := range matrices {
		m.scaleInputs(factors)
	}
}

// balance returns, for each input of some matrices, the root of the ratio of the largest activation
// and the largest weight, around a geometric mean of 1.
func balance(activations []float32, matrices ...matrix) []float32 {
	weights := make([]float32, len(activations))
	for _, m := range matrices {
		for i, w := range m.weights {
			weights[i%m.k] = max(weights[i%m.k], float32(math.Abs(float64(w))))
		}
	}
	return factors(activations, weights)
}

// maxFactor bounds factors and their inverses, so that inputs that hardly occurred stay usable.
const maxFactor = 1 << 10

// factors returns √(a/b) around a geometric mean of 1; 1 where a or b is zero.
func factors(a, b []float32) []float32 {
	out := make([]float32, len(a))
	logs, count := 0.0, 0
	for i := range a {
		if a[i] > 0 && b[i] > 0 {
			out[i] = float32(math.Sqrt(float64(a[i]) / float64(b[i])))
			logs, count = logs+math.Log(float64(out[i])), count+1
		}
	}
	mean := math.Exp(logs / float64(max(count, 1)))
	for i, f := range out {
		if out[i] = 1; f > 0 {
			out[i] = float32(min(max(float64(f)/mean, 1.0/maxFactor), maxFactor))
		}
	}
	return out
}

// scaleInputs multiplies the columns by factors.
func (m *matrix) scaleInputs(factors []float32) {
	for i := range m.weights {
		m.weights[i] *= factors[i%m.k]
	}
}

// scaleOutputs multiplies the rows and the bias by factors.
func (m *matrix) scaleOutputs(factors []float32) {
	for i := range m.weights {
		m.weights[i] *= factors[i/m.k]
	}
	for i := range m.bias {
		m.bias[i] *= factors[i]
	}
}

func inverse(factors []float32) []float32 {
	out := make([]float32, len(factors))
	for i, f := range factors {
		out[i] = 1 / f
	}
	return out
}

// smoothValues moves the sizes of the channels of values into the inputs of o. A channel of values
// goes to all heads of its group.
func (l *layer) smoothValues(out []float32) {
	dim, group := l.config.HeadDim, l.config.NumAttentionHeads/l.config.NumKeyValueHeads
	columns := make([]float32, l.o.k)
	for i, w := range l.o.weights {
		columns[i%l.o.k] = max(columns[i%l.o.k], float32(math.Abs(float64(w))))
	}
	activations, weights := make([]float32, l.v.n), make([]float32, l.v.n)
	for i := range columns {
		channel := i/dim/group*dim + i%dim
		activations[channel], weights[channel] = max(activations[channel], out[i]), max(weights[channel], columns[i])
	}
	f := factors(activations, weights)
	l.v.scaleOutputs(inverse(f))
	l.o.scaleInputs(perHead(f, l.o.k, dim, group))
}

// perHead repeats factors of the heads of keys for the heads of queries.
func perHead(f []float32, count, dim, group int) []float32 {
	out := make([]float32, count)
	for i := range out {
		out[i] = f[i/dim/group*dim+i%dim]
	}
	return out
}

// smoothInner moves the sizes of the activations between up and down into the inputs of down.
func (l *layer) smoothInner(activations []float32) {
	f := balance(activations, l.down)
	l.up.scaleOutputs(inverse(f))
	l.down.scaleInputs(f)
}

// smoothKeys moves the sizes of the numbers of keys into queries. Both numbers of a pair, which
// rotate into each other, get the same factor. Where heads are normalized, all of them share the
// gains, and so the factors.
func (l *layer) smoothKeys(queries, keys []float32) {
	dim, group := l.config.HeadDim, l.config.NumAttentionHeads/l.config.NumKeyValueHeads
	heads := l.config.NumKeyValueHeads
	if l.qNorm != nil {
		heads = 1
	}
	a, b := make([]float32, heads*dim), make([]float32, heads*dim)
	for i, size := range keys {
		at := pair(i/dim%heads, i%dim, dim)
		a[at] = max(a[at], size)
	}
	for i, size := range queries {
		at := pair(i/dim/group%heads, i%dim, dim)
		b[at] = max(b[at], size)
	}
	for i := range a {
		at := pair(i/dim, i%dim, dim)
		a[i], b[i] = a[at], b[at]
	}
	f := factors(a, b)
	if l.qNorm != nil {
		for i := range f {
			l.qNorm[i], l.kNorm[i] = l.qNorm[i]*f[i], l.kNorm[i]/f[i]
		}
		return
	}
	l.k.scaleOutputs(inverse(f))
	l.q.scaleOutputs(perHead(f, l.q.n, dim, group))
}

// pair returns the place of the first number of a pair of a head.
func pair(head, i, dim int) int { return head*dim + i%(dim/2) }
