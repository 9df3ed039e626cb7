package convert

import (
	"fmt"
	"math"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/float"
)

// Report compares a converted model with its floats on a text.
type Report struct {
	// Tokens is the number of predictions.
	Tokens int
	// Float and Integer are the mean losses in nats per token.
	Float, Integer float64
	// Agreement is the part of the predictions whose most likely token is the same.
	Agreement float64
	// Error is the root of the mean square of the differences of logits, relative to that of the
	// logits around their mean.
	Error float64
}

// String says what the conversion loses.
func (r Report) String() string {
	return fmt.Sprintf("%.5f nats per token in floats, %.5f in integers; the same most likely token at %.2f%% of %d places; logits differ by %.2f%%", r.Float, r.Integer, 100*r.Agreement, r.Tokens, 100*r.Error)
}

// Compare measures a converted model on windows of tokens, each of which is read from position 0
// on: every token except the first one of a window is predicted. Windows are at most one token
// longer than the context of the decoder. It fails if a logit in floats is not finite.
func Compare(s checkpoint.Source, c checkpoint.Config, d *decoder.Decoder, windows [][]int32) (Report, error) {
	inputs := make([][]int32, len(windows))
	for i, w := range windows {
		if len(w) < 2 {
			return Report{}, fmt.Errorf("expected windows of at least 2 tokens, found %d", len(w))
		}
		inputs[i] = w[:len(w)-1]
	}
	sum := comparison{}
	var integers []int32
	var failed error
	err := float.Forward(s, c, inputs, float.Watch{Logits: func(window, position int, logits []float32) {
		if position == 0 && failed == nil {
			if failed = d.Rewind(0); failed == nil {
				integers, failed = d.Every(inputs[window])
			}
		}
		if failed == nil {
			failed = finite("of logits in floats", logits)
		}
		if failed == nil {
			sum.add(logits, integers[position*len(logits):][:len(logits)], windows[window][position+1])
		}
	}})
	if err == nil {
		err = failed
	}
	return sum.report(), err
}

// comparison adds up predictions.
type comparison struct {
	count, agreed          int
	float, integer         float64
	differences, magnitude float64
}

func (s *comparison) add(floats []float32, integers []int32, next int32) {
	a, b := make([]float64, len(floats)), make([]float64, len(floats))
	mean := 0.0
	for i := range a {
		a[i], b[i] = float64(floats[i]), math.Ldexp(float64(integers[i]), -decoder.LogitPlaces)
		mean += a[i] / float64(len(a))
	}
	for i := range a {
		s.differences += (a[i] - b[i]) * (a[i] - b[i])
		s.magnitude += (a[i] - mean) * (a[i] - mean)
	}
	s.count++
	s.float += loss(a, next)
	s.integer += loss(b, next)
	if first(a) == first(b) {
		s.agreed++
	}
}

// loss returns the negative logarithm of the chance of a token.
func loss(logits []float64, token int32) float64 {
	most, total := logits[first(logits)], 0.0
	for _, l := range logits {
		total += math.Exp(l - most)
	}
	return math.Log(total) + most - logits[token]
}

// first returns the place of the largest number.
func first(x []float64) int {
	place := 0
	for i, v := range x {
		if v > x[place] {
			place = i
		}
	}
	return place
}

func (s *comparison) report() Report {
	n := float64(max(s.count, 1))
	r := Report{Tokens: s.count, Float: s.float / n, Integer: s.integer / n, Agreement: float64(s.agreed) / n}
	if s.magnitude > 0 {
		r.Error = math.Sqrt(s.differences / s.magnitude)
	}
	return r
}
