package convert_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/safetensors"
)

// windows is the number of windows of the text that losses are measured on.
var windows = flag.Int("windows", 6, "windows of text of the losses")

// prose is a decoder of 0.76 million weights that was trained on the first 95% of Pride and
// Prejudice, one character a token.
type prose struct {
	config     checkpoint.Config
	weights    checkpoint.Memory
	train, old []int32
}

func readProse(t testing.TB) prose {
	t.Helper()
	folder, err := safetensors.OpenFolder("../testdata/prose")
	require.NoError(t, err)
	defer folder.Close()
	text, err := os.ReadFile("../testdata/prose/config.json")
	require.NoError(t, err)
	c, err := checkpoint.ParseConfig(text)
	require.NoError(t, err)
	p := prose{config: c, weights: checkpoint.Memory{}}
	for _, name := range folder.Names() {
		dims, _ := folder.Shape(name)
		elements, err := checkpoint.Load(folder, name, dims...)
		require.NoError(t, err)
		p.weights[name] = checkpoint.Array{Dims: dims, Elements: elements}
	}
	characters, err := os.ReadFile("../testdata/prose/characters.txt")
	require.NoError(t, err)
	book, err := os.ReadFile("../../examples/textgen/corpus/pride-and-prejudice.txt")
	require.NoError(t, err)
	tokens := make([]int32, len(book))
	for i, b := range book {
		tokens[i] = int32(bytes.IndexByte(characters, b))
	}
	p.train, p.old = tokens[:len(tokens)*95/100], tokens[len(tokens)*95/100:]
	return p
}

// windowsOf cuts windows out of a text at even distances.
func windowsOf(text []int32, count, length int) [][]int32 {
	cut := make([][]int32, count)
	for i := range cut {
		at := i * (len(text) - length) / count
		cut[i] = text[at : at+length]
	}
	return cut
}

// measure converts the model and measures it on the text that it was not trained on.
func (p prose) measure(t *testing.T, o convert.Options) convert.Report {
	t.Helper()
	d := open(t, p.weights, p.config, o, decoder.Options{Batch: 128})
	report, err := convert.Compare(p.weights, p.config, d, windowsOf(p.old, *windows, 129))
	require.NoError(t, err)
	return report
}

func TestATrainedDecoderLosesLittle(t *testing.T) {
	p := readProse(t)
	calibration := windowsOf(p.train, 8, 128)
	for name, c := range map[string]struct {
		options convert.Options
		most    float64
	}{
		"8 bits":                  {convert.Options{Bits: 8}, .003},
		"8 bits, smoothed":        {convert.Options{Bits: 8, Calibration: calibration}, .003},
		"4 bits, groups of 32":    {convert.Options{Bits: 4}, .03},
		"4 bits, of 32, smoothed": {convert.Options{Bits: 4, Calibration: calibration}, .03},
		"4 bits, groups of 8":     {convert.Options{Bits: 4, Group: 8}, .02},
		"4 bits, groups of 64":    {convert.Options{Bits: 4, Group: 64}, .04},
	} {
		report := p.measure(t, c.options)
		t.Logf("%s: %v", name, report)
		require.InDelta(t, 1.137, report.Float, .05)
		require.Less(t, report.Integer-report.Float, c.most, name)
	}
}

func layerTensor(layer int, name string) string {
	return fmt.Sprintf("model.layers.%d.%s.weight", layer, name)
}

// plant makes four channels after each norm a hundred times larger, and the weights that read them as
// much smaller, as large models have it.
func (p prose) plant() {
	r := rand.New(rand.NewPCG(1, 1))
	channels := r.Perm(p.config.HiddenSize)[:4]
	for layer := range p.config.NumHiddenLayers {
		for norm, readers := range map[string][]string{
			"input_layernorm":          {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
			"post_attention_layernorm": {"mlp.gate_proj", "mlp.up_proj"},
		} {
			for _, channel := range channels {
				p.weights[layerTensor(layer, norm)].Elements[channel] *= 100
				for _, reader := range readers {
					matrix := p.weights[layerTensor(layer, reader)].Elements
					for i := channel; i < len(matrix); i += p.config.HiddenSize {
						matrix[i] /= 100
					}
				}
			}
		}
	}
}

func TestSmoothingTakesAwayTheLossOfLargeActivations(t *testing.T) {
	p := readProse(t)
	p.plant()
	without := p.measure(t, convert.Options{Bits: 8})
	with := p.measure(t, convert.Options{Bits: 8, Calibration: windowsOf(p.train, 8, 128)})
	t.Logf("without: %v", without)
	t.Logf("with: %v", with)
	require.Greater(t, without.Integer-without.Float, .1)
	require.Less(t, with.Integer-with.Float, .004)
}
