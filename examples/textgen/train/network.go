// Package train fits the float32 twin of model.Model to a text by truncated
// back-propagation through time and turns it into int8 weights.
package train

import (
	"math"
	"math/rand/v2"
)

// Parameters are the weights of a network with V symbols and H hidden units, or
// a gradient of the same shapes. Rows are inputs, columns outputs; gate columns
// stand in the order update, reset, candidate.
type Parameters struct {
	Symbols, Hidden int
	Input           []float32 // V × 3H
	Recurrent       []float32 // H × 3H
	Output          []float32 // H × V
	Bias            []float32 // V
}

// NewParameters returns zeros.
func NewParameters(symbols, hidden int) *Parameters {
	return &Parameters{
		Symbols:   symbols,
		Hidden:    hidden,
		Input:     make([]float32, symbols*3*hidden),
		Recurrent: make([]float32, hidden*3*hidden),
		Output:    make([]float32, hidden*symbols),
		Bias:      make([]float32, symbols),
	}
}

// Randomise sets weights uniformly within ±1/√H and biases to zero.
func (p *Parameters) Randomise(random *rand.Rand) {
	bound := 1 / math.Sqrt(float64(p.Hidden))
	for _, weights := range [][]float32{p.Input, p.Recurrent, p.Output} {
		for i := range weights {
			weights[i] = float32((2*random.Float64() - 1) * bound)
		}
	}
	clear(p.Bias)
}

// all lists the tensors in a fixed order.
func (p *Parameters) all() [][]float32 {
	return [][]float32{p.Input, p.Recurrent, p.Output, p.Bias}
}

// copyFrom makes p equal to other, of the same shapes.
func (p *Parameters) copyFrom(other *Parameters) {
	for i, weights := range other.all() {
		copy(p.all()[i], weights)
	}
}

// clear sets everything to zero.
func (p *Parameters) clear() {
	for _, weights := range p.all() {
		clear(weights)
	}
}
