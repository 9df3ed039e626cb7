package train

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/thetaedge/theta/examples/textgen/tokenizer"
)

// Options contains the settings of a training run.
type Options struct {
	Hidden   int     // units of the network
	Batch    int     // texts read side by side
	Steps    int     // characters a gradient reaches back
	Updates  int     // gradient steps
	Rate     float64 // highest learning rate
	Evaluate int     // updates between measurements of the validation loss
	Seed     uint64
}

const (
	warmUp    = 100  // updates until the highest rate
	finalRate = 0.02 // last rate as a part of the highest

	// validationTexts is the number of pieces into which the validation text is divided.
	validationTexts = 16
)

// Result contains what a run has found.
type Result struct {
	Parameters *Parameters // those with the lowest validation loss
	Validation float64     // that loss, nats per character
	Update     int         // and when it was measured
	Training   float64     // the training loss then, mean since the measurement before
}

// Run trains on text and measures on validation, printing losses to log. The
// same arguments on the same kind of processor give the same parameters.
func Run(alphabet *tokenizer.Alphabet, text, validation []int, options Options, log io.Writer) (*Result, error) {
	if shortest := options.Steps + 1; len(text) < options.Batch*shortest || len(validation) <= validationTexts*shortest {
		return nil, fmt.Errorf("corpus: expected at least %d characters to train on and %d to validate, found %d and %d",
			options.Batch*shortest, validationTexts*shortest+1, len(text), len(validation))
	}
	symbols := alphabet.Size()
	parameters, gradient := NewParameters(symbols, options.Hidden), NewParameters(symbols, options.Hidden)
	parameters.Randomise(rand.New(rand.NewPCG(options.Seed, 0)))
	optimiser := newAdam(symbols, options.Hidden)
	pass := newUnroll(parameters, options.Batch, options.Steps)
	best := &Result{Parameters: NewParameters(symbols, options.Hidden), Validation: math.Inf(1)}
	source := newReader(text, options.Batch, options.Steps)
	sum, count := 0.0, 0
	for update := 1; update <= options.Updates; update++ {
		inputs, targets := source.next()
		pass.advance()
		loss := pass.forward(inputs, targets)
		gradient.clear()
		pass.backward(targets, gradient)
		optimiser.update(parameters, gradient, rateAt(update, options))
		sum, count = sum+loss, count+1
		fmt.Fprintf(log, "update %d loss %.4f\n", update, loss)
		if update%options.Evaluate != 0 && update != options.Updates {
			continue
		}
		measured := Loss(parameters, validation, options.Steps)
		fmt.Fprintf(log, "update %d training %.4f validation %.4f nats per character\n", update, sum/float64(count), measured)
		if measured < best.Validation {
			best.Parameters.copyFrom(parameters)
			best.Validation, best.Update, best.Training = measured, update, sum/float64(count)
		}
		sum, count = 0, 0
	}
	return best, nil
}

// rateAt returns the learning rate, which rises linearly and then falls along half a
// cosine.
func rateAt(update int, options Options) float64 {
	if update < warmUp {
		return options.Rate * float64(update) / warmUp
	}
	progress := float64(update-warmUp) / float64(max(options.Updates-warmUp, 1))
	return options.Rate * (finalRate + (1-finalRate)*(1+math.Cos(math.Pi*progress))/2)
}

// Loss is the mean negative log-likelihood of text in nats per character. The
// text is read in several pieces at once, each from an empty state.
func Loss(parameters *Parameters, text []int, steps int) float64 {
	source := newReader(text, validationTexts, steps)
	pass := newUnroll(parameters, validationTexts, steps)
	rounds := len(text) / validationTexts / steps
	sum := 0.0
	for range rounds {
		inputs, targets := source.next()
		pass.advance()
		sum += pass.forward(inputs, targets)
	}
	return sum / float64(rounds)
}

// reader divides a text into a batch of B texts: text b starts at b/B of its length.
// Each continues from where it was, and from the start after the end.
type reader struct {
	text            []int
	batch, steps    int
	offset          int
	inputs, targets []int
}

func newReader(text []int, batch, steps int) *reader {
	return &reader{
		text: text, batch: batch, steps: steps,
		inputs: make([]int, batch*steps), targets: make([]int, batch*steps),
	}
}

// next returns T·B inputs and the characters that follow them, valid until the
// next call.
func (r *reader) next() (inputs, targets []int) {
	for t := range r.steps {
		for b := range r.batch {
			at := b*(len(r.text)/r.batch) + r.offset + t
			r.inputs[t*r.batch+b] = r.text[at%len(r.text)]
			r.targets[t*r.batch+b] = r.text[(at+1)%len(r.text)]
		}
	}
	r.offset += r.steps
	return r.inputs, r.targets
}
