// Package model is a character-level language model: its file format and its
// inference. The network is one layer of gated recurrent units over int8
// weights, computed in integers only, so that every machine and every wasm
// engine gives the same text.
package model

import "github.com/thetaedge/theta/examples/textgen/tokenizer"

// Matrix holds int8 weights by row. The real value of an entry is
// Weights[row*Columns+column] · Scales[row] · 2^-24.
type Matrix struct {
	Rows, Columns int
	Weights       []int8
	Scales        []int32
}

// row returns the weights of one row.
func (m *Matrix) row(i int) []int8 { return m.Weights[i*m.Columns : (i+1)*m.Columns] }

// Model is a gated recurrent network with V symbols and H hidden units. With
// the gate blocks in the order update (z), reset (r), candidate (n):
//
//	z  = σ(Input[x].z + Recurrent.z·h)
//	r  = σ(Input[x].r + Recurrent.r·h)
//	n  = tanh(Input[x].n + r ⊙ Recurrent.n·h)
//	h' = n + z ⊙ (h − n)
//	logits = Output·h' + Bias
//
// (Cho et al. 2014, in the variant that resets after the product.)
type Model struct {
	Alphabet  *tokenizer.Alphabet
	Hidden    int     // H
	Input     Matrix  // V rows of 3H
	Recurrent Matrix  // 3H rows of H
	Output    Matrix  // V rows of H
	Bias      []int32 // V, Q16
}

// Parameters is the number of trained weights.
func (m *Model) Parameters() int {
	return len(m.Input.Weights) + len(m.Recurrent.Weights) + len(m.Output.Weights) + len(m.Bias)
}

// State is the memory of one reading of a text. It is not safe for concurrent use.
type State struct {
	model  *Model
	hidden []int16 // H, Q15
	sums   []int64 // 3H, Q16: Recurrent·h
	logits []int64 // V, Q16
}

// NewState returns a state that has read nothing.
func NewState(m *Model) *State {
	return &State{
		model:  m,
		hidden: make([]int16, m.Hidden),
		sums:   make([]int64, 3*m.Hidden),
		logits: make([]int64, m.Alphabet.Size()),
	}
}

// Step reads one symbol, which must be below the alphabet's size.
func (s *State) Step(symbol int) {
	m, width := s.model, s.model.Hidden
	multiply(&m.Recurrent, s.hidden, s.sums)

	input := m.Input.row(symbol)
	scale := int64(m.Input.Scales[symbol])
	for i := range s.hidden {
		gate := func(block int) int64 { return int64(input[block*width+i]) * scale >> (scaleBits - activationBits) }
		update := sigmoid(gate(0) + s.sums[i])
		reset := sigmoid(gate(1) + s.sums[width+i])
		candidate := tanh(gate(2) + reset*s.sums[2*width+i]>>stateBits)
		next := candidate + update*(int64(s.hidden[i])-candidate)>>stateBits
		s.hidden[i] = int16(min(max(next, 1-one15), one15-1))
	}
}

// Logits returns the unnormalised log-probabilities of the next symbol, natural
// logarithm, Q16. The slice is valid until the next call on this state.
func (s *State) Logits() []int64 {
	multiply(&s.model.Output, s.hidden, s.logits)
	for i, bias := range s.model.Bias {
		s.logits[i] += int64(bias)
	}
	return s.logits
}

// multiply sets sums (Q16) to matrix · vector (Q15). Bounds: with at most 1024
// columns a row's sum stays below 2^32 and its product with a scale below 2^62.
func multiply(matrix *Matrix, vector []int16, sums []int64) {
	const shift = stateBits + scaleBits - activationBits
	for i := range sums {
		sums[i] = dot(matrix.row(i), vector) * int64(matrix.Scales[i]) >> shift
	}
}

// dot returns Σ weights·vector over equally long slices. Eight products at a time
// cost least fuel in wasm, because bounds are checked once for all of them.
func dot(weights []int8, vector []int16) int64 {
	vector = vector[:len(weights)]
	var sum int64
	i := 0
	for ; i+8 <= len(weights); i += 8 {
		w, x := (*[8]int8)(weights[i:]), (*[8]int16)(vector[i:])
		sum += int64(w[0])*int64(x[0]) + int64(w[1])*int64(x[1]) +
			int64(w[2])*int64(x[2]) + int64(w[3])*int64(x[3]) +
			int64(w[4])*int64(x[4]) + int64(w[5])*int64(x[5]) +
			int64(w[6])*int64(x[6]) + int64(w[7])*int64(x[7])
	}
	for ; i < len(weights); i++ {
		sum += int64(weights[i]) * int64(vector[i])
	}
	return sum
}
