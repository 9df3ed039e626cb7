package train

import "math"

// unroll runs a network over a batch of B texts for T steps and back. Rows of
// its buffers are ordered by step, then text: row t*B+b.
type unroll struct {
	parameters *Parameters
	batch      int // B
	steps      int // T

	hidden    []float32 // (T+1)·B × H: states; the first B rows are the initial ones
	gates     []float32 // T·B × 3H: z, r, n after their non-linearities
	recurrent []float32 // T·B × 3H: Recurrent·h before them
	logits    []float32 // T·B × V: logits, then probabilities, then their gradient

	inputs []int

	// Scratch of the backward pass.
	hiddenGradient    []float32 // T·B × H: what the outputs ask of each state
	inputGradient     []float32 // T·B × 3H: at the sums of the gates
	recurrentGradient []float32 // T·B × 3H: the same at Recurrent·h
	carry             []float32 // B × H
	recurrentT        []float32 // 3H × H
	outputT           []float32 // V × H
}

func newUnroll(parameters *Parameters, batch, steps int) *unroll {
	h, v, rows := parameters.Hidden, parameters.Symbols, batch*steps
	return &unroll{
		parameters:        parameters,
		batch:             batch,
		steps:             steps,
		hidden:            make([]float32, (rows+batch)*h),
		gates:             make([]float32, rows*3*h),
		recurrent:         make([]float32, rows*3*h),
		logits:            make([]float32, rows*v),
		hiddenGradient:    make([]float32, rows*h),
		inputGradient:     make([]float32, rows*3*h),
		recurrentGradient: make([]float32, rows*3*h),
		carry:             make([]float32, batch*h),
		recurrentT:        make([]float32, 3*h*h),
		outputT:           make([]float32, v*h),
	}
}

// advance makes the final states of the last forward pass the initial ones of
// the next, so that memory reaches further back than the gradient.
func (u *unroll) advance() {
	size := u.batch * u.parameters.Hidden
	copy(u.hidden[:size], u.hidden[u.steps*size:])
}

// forward reads inputs (T·B symbols by step, then text) and returns the mean
// negative log-likelihood of targets in nats per character.
func (u *unroll) forward(inputs, targets []int) float64 {
	h, v, b := u.parameters.Hidden, u.parameters.Symbols, u.batch
	u.inputs = inputs
	clear(u.recurrent)
	for t := range u.steps {
		before := u.hidden[t*b*h : (t+1)*b*h]
		after := u.hidden[(t+1)*b*h : (t+2)*b*h]
		sums := u.recurrent[t*b*3*h : (t+1)*b*3*h]
		multiplyAdd(sums, before, h, 1, u.parameters.Recurrent, b, 3*h, h)
		for i := range b {
			row := t*b + i
			input := u.parameters.Input[inputs[row]*3*h:][:3*h]
			gateRow(after[i*h:][:h], before[i*h:][:h], u.gates[row*3*h:][:3*h], sums[i*3*h:][:3*h], input)
		}
	}
	rows := u.steps * b
	for row := range rows {
		copy(u.logits[row*v:(row+1)*v], u.parameters.Bias)
	}
	multiplyAdd(u.logits, u.hidden[b*h:], h, 1, u.parameters.Output, rows, v, h)
	loss := 0.0
	for row, target := range targets {
		probabilities := u.logits[row*v : (row+1)*v]
		softmax(probabilities)
		loss -= math.Log(max(float64(probabilities[target]), 1e-30))
	}
	return loss / float64(rows)
}

// gateRow computes one text's next state and keeps its gates.
func gateRow(after, before, gates, sums, input []float32) {
	h := len(after)
	for j := range after {
		z := sigmoid(input[j] + sums[j])
		r := sigmoid(input[h+j] + sums[h+j])
		n := 2*sigmoid(2*(input[2*h+j]+r*sums[2*h+j])) - 1
		gates[j], gates[h+j], gates[2*h+j] = z, r, n
		after[j] = n + z*(before[j]-n)
	}
}

// backward adds the gradient of the last forward pass's mean loss to gradient.
func (u *unroll) backward(targets []int, gradient *Parameters) {
	h, v, b, rows := u.parameters.Hidden, u.parameters.Symbols, u.batch, u.batch*u.steps
	transpose(u.recurrentT, u.parameters.Recurrent, h, 3*h)
	transpose(u.outputT, u.parameters.Output, h, v)

	scale := 1 / float32(rows)
	for row, target := range targets {
		wanted := u.logits[row*v : (row+1)*v]
		wanted[target]--
		for j := range wanted {
			wanted[j] *= scale
			gradient.Bias[j] += wanted[j]
		}
	}
	multiplyAdd(gradient.Output, u.hidden[b*h:], 1, h, u.logits, h, v, rows)
	clear(u.hiddenGradient)
	multiplyAdd(u.hiddenGradient, u.logits, v, 1, u.outputT, rows, h, v)

	clear(u.carry)
	for t := u.steps - 1; t >= 0; t-- {
		for i := range b {
			u.gateRowBack(t*b+i, u.carry[i*h:][:h])
		}
		multiplyAdd(u.carry, u.recurrentGradient[t*b*3*h:(t+1)*b*3*h], 3*h, 1, u.recurrentT, b, h, 3*h)
	}
	multiplyAdd(gradient.Recurrent, u.hidden, 1, h, u.recurrentGradient, h, 3*h, rows)
	for row, symbol := range u.inputs {
		into := gradient.Input[symbol*3*h:][:3*h]
		for j, g := range u.inputGradient[row*3*h:][:3*h] {
			into[j] += g
		}
	}
}

// gateRowBack takes the gradient that later steps ask of one text's state from
// carry, adds what the output asks, writes the gradients at the gates' sums and
// leaves in carry the part that bypasses Recurrent.
func (u *unroll) gateRowBack(row int, carry []float32) {
	h := u.parameters.Hidden
	before := u.hidden[row*h:][:h]
	gates := u.gates[row*3*h:][:3*h]
	sums := u.recurrent[row*3*h:][:3*h]
	wanted := u.hiddenGradient[row*h:][:h]
	atInput := u.inputGradient[row*3*h:][:3*h]
	atRecurrent := u.recurrentGradient[row*3*h:][:3*h]
	for j := range carry {
		g := carry[j] + wanted[j]
		z, r, n := gates[j], gates[h+j], gates[2*h+j]
		candidate := g * (1 - z) * (1 - n*n)
		update := g * (before[j] - n) * z * (1 - z)
		reset := candidate * sums[2*h+j] * r * (1 - r)
		atInput[j], atInput[h+j], atInput[2*h+j] = update, reset, candidate
		atRecurrent[j], atRecurrent[h+j], atRecurrent[2*h+j] = update, reset, candidate*r
		carry[j] = g * z
	}
}

func sigmoid(x float32) float32 { return 1 / (1 + exp(-x)) }

// softmax replaces logits by probabilities.
func softmax(logits []float32) {
	top := logits[0]
	for _, logit := range logits {
		top = max(top, logit)
	}
	total := float32(0)
	for i, logit := range logits {
		logits[i] = exp(logit - top)
		total += logits[i]
	}
	for i := range logits {
		logits[i] /= total
	}
}

// exp is e^x to five digits or better, clamped to the range of float32, at a third
// of the cost of math.Exp: 2^n by its bit pattern times a series for the rest.
func exp(x float32) float32 {
	if x > 87 {
		x = 87
	} else if x < -87 {
		x = -87
	}
	scaled := x * math.Log2E
	n := int32(scaled + 1024.5) // rounds half up, as the sum is positive
	n -= 1024
	g := (scaled - float32(n)) * math.Ln2 // within ±0.35
	series := 1 + g*(1+g*(1.0/2+g*(1.0/6+g*(1.0/24+g*(1.0/120+g*(1.0/720))))))
	return series * math.Float32frombits(uint32(n+127)<<23)
}
