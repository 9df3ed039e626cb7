package sample

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/table"
)

// MaxPlaces is the highest number of places of logits.
const MaxPlaces = 30

// Options say how tokens are chosen. The zero value, apart from Places, takes the largest logit.
type Options struct {
	// Places is the number of places of the logits.
	Places int
	// Temperature is in millionths, up to 100; 0 takes the largest logit.
	Temperature int64
	// TopK is the number of tokens to choose from; 0 is all.
	TopK int
	// TopP is in millionths, above 0; 0 and 1 are all.
	TopP int64
	// Penalty of tokens that were seen is in millionths, from 0.01 to 100; 0 and 1 are none.
	Penalty int64
}

func (o Options) check() error {
	switch {
	case o.Places < 0 || o.Places > MaxPlaces:
		return fmt.Errorf("expected 0 to %d places of logits, found %d", MaxPlaces, o.Places)
	case o.Temperature < 0 || o.Temperature > 100*Million:
		return fmt.Errorf("temperature: expected 0 to 100, found %d millionths", o.Temperature)
	case o.TopK < 0:
		return fmt.Errorf("top_k: expected a number of tokens, or 0 for all, found %d", o.TopK)
	case o.TopP < 0 || o.TopP > Million:
		return fmt.Errorf("top_p: expected above 0 up to 1, found %d millionths", o.TopP)
	case o.Penalty != 0 && (o.Penalty < Million/100 || o.Penalty > 100*Million):
		return fmt.Errorf("repetition_penalty: expected 0.01 to 100, found %d millionths", o.Penalty)
	}
	return nil
}

// Sampler chooses one token after the other.
type Sampler struct {
	options Options
	random  uint64
	seen    map[int32]bool
	logits  []int64
	choices []choice
}

// choice is a token that may be chosen.
type choice struct {
	token  int32
	logit  int64
	weight uint64
}

// New returns a sampler that draws the numbers of a seed. It refuses options outside of their
// bounds.
func New(options Options, seed uint64) (*Sampler, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	return &Sampler{options: options, random: seed, seen: map[int32]bool{}}, nil
}

// See notes tokens of the text, for the penalty. Next notes those that it chooses.
func (s *Sampler) See(tokens ...int32) {
	for _, t := range tokens {
		s.seen[t] = true
	}
}

// Next chooses a token. It returns an error if there are no logits.
func (s *Sampler) Next(logits []int32) (int32, error) {
	if len(logits) == 0 || len(logits) > math.MaxInt32 {
		return 0, fmt.Errorf("expected logits of 1 to 2^31-1 tokens, found %d", len(logits))
	}
	s.penalize(logits)
	best := 0
	for i, l := range s.logits {
		if l > s.logits[best] {
			best = i
		}
	}
	token := int32(best)
	if s.options.Temperature > 0 {
		token = s.draw(s.logits[best])
	}
	s.See(token)
	return token, nil
}

// penalize copies the logits with the penalty of those that were seen.
func (s *Sampler) penalize(logits []int32) {
	s.logits = slices.Grow(s.logits[:0], len(logits))
	for _, l := range logits {
		s.logits = append(s.logits, int64(l))
	}
	if s.options.Penalty == 0 || s.options.Penalty == Million {
		return
	}
	for token := range s.seen {
		if token < 0 || int(token) >= len(s.logits) {
			continue
		}
		// At most 2^31 · 10^8 in size.
		if l := s.logits[token]; l > 0 {
			s.logits[token] = l * Million / s.options.Penalty
		} else {
			s.logits[token] = l * s.options.Penalty / Million
		}
	}
}

// draw chooses by weight.
func (s *Sampler) draw(best int64) int32 {
	s.choices = s.choices[:0]
	limit := s.limit()
	for i, l := range s.logits {
		if best-l >= limit {
			continue
		}
		if w := s.weight(best - l); w > 0 {
			s.choices = append(s.choices, choice{int32(i), l, w})
		}
	}
	kept := s.choices
	if s.options.TopK > 0 || s.options.TopP > 0 && s.options.TopP < Million {
		slices.SortFunc(kept, func(a, b choice) int {
			return cmp.Or(cmp.Compare(b.logit, a.logit), cmp.Compare(a.token, b.token))
		})
	}
	if s.options.TopK > 0 {
		kept = kept[:min(s.options.TopK, len(kept))]
	}
	total := sum(kept)
	if s.options.TopP > 0 && s.options.TopP < Million {
		kept, total = nucleus(kept, part(total, s.options.TopP))
	}
	rest, _ := bits.Mul64(s.next(), total) // uniform in [0, total)
	for _, c := range kept {
		if rest < c.weight {
			return c.token
		}
		rest -= c.weight
	}
	return kept[len(kept)-1].token // not reached: the weights sum up to total
}

func sum(choices []choice) uint64 {
	var total uint64
	for _, c := range choices {
		total += c.weight
	}
	return total
}

// part returns ⌊total · millionths / 10^6⌋.
func part(total uint64, millionths int64) uint64 {
	high, low := bits.Mul64(total, uint64(millionths))
	quotient, _ := bits.Div64(high, low, Million)
	return quotient
}

// nucleus returns the first choices whose weights sum up to at least enough, and the sum.
func nucleus(choices []choice, enough uint64) ([]choice, uint64) {
	var total uint64
	for i, c := range choices {
		if total += c.weight; total >= enough {
			return choices[:i+1], total
		}
	}
	return choices, total
}

// places of the exponents of 2 that weights are made of.
const places = 16

// log2e is log2(e) with 30 places.
const log2e = 1_549_082_005

// limit returns a distance of logits from which on weights are 0.
func (s *Sampler) limit() int64 {
	// 31·ln(2) is below 22. It fits: 22 · 2^30 · 100.
	return 22*(s.options.Temperature<<s.options.Places/Million+1) + 1
}

// weight returns 2^-(d·log2(e)/temperature) with 30 places for a logit that is distance below the
// largest one.
func (s *Sampler) weight(distance int64) uint64 {
	// distance is below 2^38 by limit: the product fits 128 bits, and its high part is small.
	high, low := bits.Mul64(uint64(distance)*Million, log2e)
	shift := uint(s.options.Places + 30 - places)
	low = low>>shift | high<<(64-shift)
	high >>= shift
	if high >= uint64(s.options.Temperature) {
		return 0
	}
	d, _ := bits.Div64(high, low, uint64(s.options.Temperature))
	if d >= 31<<places {
		return 0
	}
	exp2 := table.Exp2()
	i := d >> 6 & (table.Exp2Intervals - 1)
	return uint64(fixed.Line(exp2[i], exp2[i+1], uint32(d&63), 6)) >> (d >> places)
}

// next is SplitMix64 (Steele, Lea and Flood 2014). The sequence decides results, so it is fixed
// here.
func (s *Sampler) next() uint64 {
	s.random += 0x9e3779b97f4a7c15
	x := s.random
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
