package convert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
)

// The decoder of each family is near the floats of its architecture. Random weights are harder than
// trained ones: their logits hardly differ from each other.
func TestEachFamilyIsNearItsFloats(t *testing.T) {
	for name, config := range families() {
		t.Run(name, func(t *testing.T) {
			c := complete(t, config)
			source, windows := random(c, 1), tokensOf(c, 2, 70)
			for _, o := range []struct {
				name    string
				options convert.Options
				most    float64
			}{
				{"8 bits", convert.Options{Bits: 8}, .06},
				{"8 bits, smoothed", convert.Options{Bits: 8, Calibration: tokensOf(c, 2, 60)}, .06},
				{"4 bits", convert.Options{Bits: 4, Group: 8}, .30},
			} {
				d := open(t, source, c, o.options, decoder.Options{Batch: 32})
				report, err := convert.Compare(source, c, d, windows)
				require.NoError(t, err)
				t.Logf("%s: %v", o.name, report)
				require.Equal(t, 138, report.Tokens)
				require.Less(t, report.Error, o.most, o.name)
			}
		})
	}
}

// However tokens are divided into steps, the logits are the same bits.
func TestTokensAtOnceGiveTheBitsOfTokensOneByOne(t *testing.T) {
	for name, config := range families() {
		t.Run(name, func(t *testing.T) {
			c := complete(t, config)
			source, tokens := random(c, 2), tokensOf(c, 1, 60)[0]
			bits := 8
			if name == "Qwen3" {
				bits = 4
			}
			d := open(t, source, c, convert.Options{Bits: bits}, decoder.Options{Batch: 7})
			var want []int32
			for _, token := range tokens {
				logits, err := d.Step([]int32{token})
				require.NoError(t, err)
				require.Len(t, logits, c.VocabSize)
				want = append(want, logits...)
			}
			require.NoError(t, d.Rewind(0))
			got, err := d.Every(tokens)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.NoError(t, d.Rewind(23))
			last, err := d.Step(tokens[23:])
			require.NoError(t, err)
			require.Equal(t, want[len(want)-c.VocabSize:], last)
			require.Equal(t, 60, d.Position())
		})
	}
}

// What a family has and another one lacks shows in the difference from floats: the bound above would
// not hold if the decoder left it out.
func TestTheBoundNoticesAnotherArchitecture(t *testing.T) {
	for name, change := range map[string]struct {
		family string
		change func(*checkpoint.Config)
	}{
		"a window":             {"Mistral", func(c *checkpoint.Config) { c.SlidingWindow = nil }},
		"a window of a layer":  {"Qwen2 with a window", func(c *checkpoint.Config) { c.MaxWindowLayers = 3 }},
		"the scaling of rope":  {"Llama 3", func(c *checkpoint.Config) { c.RopeScaling = nil }},
		"linear scaling":       {"Llama with biases", func(c *checkpoint.Config) { c.RopeScaling = nil }},
		"theta":                {"Llama 2", func(c *checkpoint.Config) { c.RopeTheta = 100_000 }},
		"biases of q, k and v": {"Qwen2", func(c *checkpoint.Config) { c.ModelType = "llama" }},
		"biases of all":        {"Llama with biases", func(c *checkpoint.Config) { c.MLPBias = false }},
		"norms of heads":       {"Qwen3", func(c *checkpoint.Config) { c.ModelType = "llama" }},
		"layers without rope":  {"SmolLM3", func(c *checkpoint.Config) { c.NoRopeLayers = []int{1, 1, 1, 1} }},
	} {
		c := complete(t, families()[change.family])
		other := c
		change.change(&other)
		source := random(c, 1)
		report, err := convert.Compare(source, c, open(t, source, other, convert.Options{Bits: 8}, decoder.Options{}), tokensOf(c, 2, 70))
		require.NoError(t, err)
		t.Logf("%s: logits differ by %.0f%%", name, 100*report.Error)
		require.Greater(t, report.Error, .12, name)
	}
}
