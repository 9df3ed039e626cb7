package train

import (
	"math"

	"github.com/thetaedge/theta/examples/textgen/model"
	"github.com/thetaedge/theta/examples/textgen/tokenizer"
)

const (
	largest   = 127     // of an int8 weight, kept symmetric
	scaleUnit = 1 << 24 // of model.Matrix.Scales
	biasUnit  = 1 << 16 // of model.Model.Bias
)

// Quantise rounds parameters to int8 with one scale per row. The largest magnitude of
// a row becomes 127.
func Quantise(parameters *Parameters, alphabet *tokenizer.Alphabet) *model.Model {
	h, v := parameters.Hidden, parameters.Symbols
	recurrent, output := make([]float32, 3*h*h), make([]float32, v*h)
	transpose(recurrent, parameters.Recurrent, h, 3*h)
	transpose(output, parameters.Output, h, v)
	quantised := &model.Model{
		Alphabet:  alphabet,
		Hidden:    h,
		Input:     quantise(parameters.Input, v, 3*h),
		Recurrent: quantise(recurrent, 3*h, h),
		Output:    quantise(output, v, h),
		Bias:      make([]int32, v),
	}
	for i, bias := range parameters.Bias {
		quantised.Bias[i] = int32(math.Round(float64(bias) * biasUnit))
	}
	return quantised
}

func quantise(weights []float32, rows, columns int) model.Matrix {
	matrix := model.Matrix{
		Rows: rows, Columns: columns,
		Weights: make([]int8, len(weights)),
		Scales:  make([]int32, rows),
	}
	for i := range rows {
		row := weights[i*columns : (i+1)*columns]
		top := 0.0
		for _, w := range row {
			top = max(top, math.Abs(float64(w)))
		}
		scale := math.Ceil(top / largest * scaleUnit)
		if scale == 0 {
			continue
		}
		matrix.Scales[i] = int32(scale)
		for j, w := range row {
			matrix.Weights[i*columns+j] = int8(math.Round(float64(w) * scaleUnit / scale))
		}
	}
	return matrix
}

// QuantisedLoss is Loss for the integer model, by the code that users run. The
// text is read in one piece.
func QuantisedLoss(m *model.Model, text []int) float64 {
	state := model.NewState(m)
	loss := 0.0
	for i, symbol := range text[:len(text)-1] {
		state.Step(symbol)
		logits := state.Logits()
		target := logits[text[i+1]]
		total := 0.0
		for _, logit := range logits {
			total += math.Exp(float64(logit-target) / biasUnit)
		}
		loss += math.Log(total)
	}
	return loss / float64(len(text)-1)
}

// UnigramLoss returns the loss on text, in nats per character, of a model that knows
// only how often each symbol occurs in the training text (with one added to every
// count). A trained model must have a lower loss.
func UnigramLoss(training, text []int, symbols int) float64 {
	counts := make([]float64, symbols)
	for i := range counts {
		counts[i] = 1
	}
	for _, symbol := range training {
		counts[symbol]++
	}
	loss := 0.0
	for _, symbol := range text {
		loss -= math.Log(counts[symbol] / float64(len(training)+symbols))
	}
	return loss / float64(len(text))
}
