package convert_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
)

func TestACheckpointThatDoesNotFitIsRefused(t *testing.T) {
	c := complete(t, small("qwen2"))
	for name, change := range map[string]struct {
		change func(m checkpoint.Memory, c *checkpoint.Config, o *convert.Options)
		want   string
	}{
		"missing tensor": {func(m checkpoint.Memory, _ *checkpoint.Config, _ *convert.Options) {
			delete(m, "model.layers.3.mlp.up_proj.weight")
		}, "expected a tensor model.layers.3.mlp.up_proj.weight of [96 64], found none"},
		"missing bias": {func(m checkpoint.Memory, _ *checkpoint.Config, _ *convert.Options) {
			delete(m, "model.layers.0.self_attn.k_proj.bias")
		}, "expected a tensor model.layers.0.self_attn.k_proj.bias"},
		"missing output": {func(m checkpoint.Memory, _ *checkpoint.Config, _ *convert.Options) { delete(m, "lm_head.weight") }, "lm_head.weight"},
		"shape": {func(m checkpoint.Memory, _ *checkpoint.Config, _ *convert.Options) {
			a := m["model.norm.weight"]
			a.Dims = []int{32, 2}
			m["model.norm.weight"] = a
		}, "expected [64] for tensor model.norm.weight, found [32 2]"},
		"not a number": {func(m checkpoint.Memory, _ *checkpoint.Config, _ *convert.Options) {
			m["model.layers.1.self_attn.o_proj.weight"].Elements[5] = float32(math.NaN())
		}, "expected finite numbers in tensor model.layers.1.self_attn.o_proj.weight, found NaN at 5"},
		"not finite in the embedding": {func(m checkpoint.Memory, _ *checkpoint.Config, _ *convert.Options) {
			m["model.embed_tokens.weight"].Elements[0] = float32(math.Inf(1))
		}, "expected finite numbers in tensor model.embed_tokens.weight"},
		"bits":        {func(_ checkpoint.Memory, _ *checkpoint.Config, o *convert.Options) { o.Bits = 5 }, "expected 8 or 4 bits"},
		"group":       {func(_ checkpoint.Memory, _ *checkpoint.Config, o *convert.Options) { o.Group = 12 }, "a multiple of 8, found 8 and 12"},
		"family":      {func(_ checkpoint.Memory, c *checkpoint.Config, _ *convert.Options) { c.ModelType = "mamba" }, `found "mamba"`},
		"calibration": {func(_ checkpoint.Memory, _ *checkpoint.Config, o *convert.Options) { o.Calibration = [][]int32{{50}} }, "expected tokens from 0 to 49, found 50"},
		"section": {func(_ checkpoint.Memory, _ *checkpoint.Config, o *convert.Options) {
			o.Sections = []convert.Section{{Name: "tokenizer"}}
		}, "part tokenizer"},
	} {
		source, config, options := random(c, 1), c, convert.Options{Bits: 8}
		change.change(source, &config, &options)
		err := convert.Convert(&bytes.Buffer{}, source, config, options)
		require.ErrorContains(t, err, change.want, name)
	}
}

func TestSectionsAreInTheFile(t *testing.T) {
	c := complete(t, small("llama"))
	var out bytes.Buffer
	require.NoError(t, convert.Convert(&out, random(c, 1), c, convert.Options{Bits: 4, Sections: []convert.Section{
		{Name: "tokenizer", Content: []byte(strings.Repeat("t", 5000))},
		{Name: "chat", Content: []byte("c")},
	}}))
	file, err := format.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	for name, want := range map[string]string{"tokenizer": strings.Repeat("t", 5000), "chat": "c"} {
		content, err := file.Section(name)
		require.NoError(t, err)
		require.Equal(t, want, string(content))
	}
	require.Equal(t, format.Weights{Bits: 4, Group: 32}, file.Header.Weights)
}

func TestTheSameCheckpointGivesTheSameFile(t *testing.T) {
	c := complete(t, small("qwen3"))
	var first, second bytes.Buffer
	o := convert.Options{Bits: 4, Calibration: tokensOf(c, 2, 40)}
	require.NoError(t, convert.Convert(&first, random(c, 1), c, o))
	require.NoError(t, convert.Convert(&second, random(c, 1), c, o))
	require.True(t, bytes.Equal(first.Bytes(), second.Bytes()))
}

// A row of zeros, and channels that the calibration text never reaches, stay as they are.
func TestZerosAreConverted(t *testing.T) {
	c := complete(t, small("llama"))
	source := random(c, 1)
	clear(source["model.layers.0.mlp.gate_proj.weight"].Elements)
	clear(source["model.layers.1.self_attn.q_proj.weight"].Elements)
	clear(source["model.embed_tokens.weight"].Elements[:10*c.HiddenSize])
	source["model.layers.2.input_layernorm.weight"].Elements[3] = 0
	for _, bits := range []int{8, 4} {
		o := convert.Options{Bits: bits, Group: 8, Calibration: tokensOf(c, 2, 40)}
		report, err := convert.Compare(source, c, open(t, source, c, o, decoder.Options{}), tokensOf(c, 2, 70))
		require.NoError(t, err)
		require.Less(t, report.Error, .35)
	}
}
