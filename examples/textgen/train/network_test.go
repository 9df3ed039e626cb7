package train

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/textgen/tokenizer"
)

func TestGradientEqualsTheNumericOne(t *testing.T) {
	const symbols, hidden, batch, steps = 7, 5, 3, 4
	random := rand.New(rand.NewPCG(3, 4))
	parameters, gradient := NewParameters(symbols, hidden), NewParameters(symbols, hidden)
	parameters.Randomise(random)
	for i := range parameters.Bias {
		parameters.Bias[i] = random.Float32() - 0.5
	}
	inputs, targets := make([]int, batch*steps), make([]int, batch*steps)
	for i := range inputs {
		inputs[i], targets[i] = random.IntN(symbols), random.IntN(symbols)
	}
	pass := newUnroll(parameters, batch, steps)
	for i := range batch * hidden {
		pass.hidden[i] = random.Float32() - 0.5
	}
	pass.forward(inputs, targets)
	pass.backward(targets, gradient)

	const step = 1e-2
	for tensor, weights := range parameters.all() {
		for i, w := range weights {
			weights[i] = w + step
			above := pass.forward(inputs, targets)
			weights[i] = w - step
			below := pass.forward(inputs, targets)
			weights[i] = w
			require.InDelta(t, (above-below)/(2*step), gradient.all()[tensor][i], 2e-4, "tensor %d weight %d", tensor, i)
		}
	}
}

func TestMultiplyAddEqualsTheDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][3]int{{1, 1, 1}, {3, 5, 2}, {4, 16, 7}, {9, 37, 8}, {8, 48, 33}} {
		m, n, k := size[0], size[1], size[2]
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		for _, values := range [][]float32{a, b, c} {
			for i := range values {
				values[i] = random.Float32() - 0.5
			}
		}
		want := make([]float64, m*n)
		for i := range m {
			for j := range n {
				want[i*n+j] = float64(c[i*n+j])
				for p := range k {
					want[i*n+j] += float64(a[i*k+p]) * float64(b[p*n+j])
				}
			}
		}
		transposed, start := make([]float32, k*m), append([]float32{}, c...)
		transpose(transposed, a, m, k)
		multiplyAdd(c, a, k, 1, b, m, n, k)
		require.InDeltaSlice(t, want, c, 1e-5, "size %v", size)
		multiplyAdd(start, transposed, 1, m, b, m, n, k)
		require.InDeltaSlice(t, want, start, 1e-5, "size %v, transposed", size)
	}
}

func TestExpIsExponential(t *testing.T) {
	for x := float32(-80); x < 80; x += 0.37 {
		want := math.Exp(float64(x))
		require.InEpsilon(t, want, exp(x), 2e-5, "x = %v", x)
	}
	require.Less(t, exp(-1e9), float32(1e-30))
}

func TestTrainingLearnsAndRepeats(t *testing.T) {
	text := bytes.Repeat([]byte("the cat sat on the mat.\n"), 60)
	alphabet, err := tokenizer.FromText(text)
	require.NoError(t, err)
	symbols, err := alphabet.Encode(text)
	require.NoError(t, err)
	options := Options{Hidden: 24, Batch: 4, Steps: 8, Updates: 250, Rate: 0.01, Evaluate: 50, Seed: 5}

	first, err := Run(alphabet, symbols, symbols, options, io.Discard)
	require.NoError(t, err)
	second, err := Run(alphabet, symbols, symbols, options, io.Discard)
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Less(t, first.Validation, 0.25*UnigramLoss(symbols, symbols, alphabet.Size()))

	quantised := Quantise(first.Parameters, alphabet)
	require.InDelta(t, Loss(first.Parameters, symbols, options.Steps), QuantisedLoss(quantised, symbols), 0.05)
}

func TestShortCorpusIsRefused(t *testing.T) {
	alphabet, err := tokenizer.New([]byte("\na"))
	require.NoError(t, err)
	_, err = Run(alphabet, make([]int, 10), make([]int, 10), Options{Hidden: 4, Batch: 4, Steps: 8, Updates: 1, Evaluate: 1}, io.Discard)
	require.ErrorContains(t, err, "corpus: expected at least 36 characters")
}
