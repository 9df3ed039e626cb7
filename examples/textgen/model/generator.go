package model

import (
	"fmt"
	"math/bits"

	"github.com/thetaedge/theta/examples/textgen/tokenizer"
)

// MaxTemperature is the highest temperature in permille: 5.0.
const MaxTemperature = 5000

// Generator continues a text, one character at a time.
type Generator struct {
	model       *Model
	state       *State
	temperature int64
	random      uint64
	weights     []int64
}

// NewGenerator returns a generator that has read tokenizer.Start and then prompt,
// which consists of symbols of the model's alphabet. Temperature is in permille: 1000
// samples the model's own distribution, lower values make likely characters likelier,
// and 0 always takes the likeliest character. Equal arguments give equal text.
func NewGenerator(m *Model, prompt []int, seed uint64, temperature int) (*Generator, error) {
	if temperature < 0 || temperature > MaxTemperature {
		return nil, fmt.Errorf("temperature: expected 0 to %d permille, found %d", MaxTemperature, temperature)
	}
	start, err := m.Alphabet.Encode([]byte{tokenizer.Start})
	if err != nil {
		return nil, err
	}
	g := &Generator{
		model:       m,
		state:       NewState(m),
		temperature: int64(temperature),
		random:      seed,
		weights:     make([]int64, m.Alphabet.Size()),
	}
	for _, symbol := range append(start, prompt...) {
		g.state.Step(symbol)
	}
	return g, nil
}

// Next draws the next character and reads it.
func (g *Generator) Next() byte {
	symbol := g.draw(g.state.Logits())
	g.state.Step(symbol)
	return g.model.Alphabet.Character(symbol)
}

// draw picks a symbol with probability proportional to e^(logit/temperature).
func (g *Generator) draw(logits []int64) int {
	best := 0
	for i, logit := range logits {
		if logit > logits[best] {
			best = i
		}
	}
	if g.temperature == 0 {
		return best
	}
	var total int64
	for i, logit := range logits {
		g.weights[i] = expNegative((logits[best] - logit) * 1000 / g.temperature)
		total += g.weights[i]
	}
	high, _ := bits.Mul64(g.nextRandom(), uint64(total))
	rest := int64(high) // uniform in [0, total)
	for i, weight := range g.weights {
		if rest < weight {
			return i
		}
		rest -= weight
	}
	return best // not reached: the weights add up to total
}

// nextRandom is SplitMix64 (Steele, Lea and Flood 2014): the sequence is part of
// what makes a result reproducible, so it is fixed here rather than taken from a
// library that may change it.
func (g *Generator) nextRandom() uint64 {
	g.random += 0x9e3779b97f4a7c15
	x := g.random
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
