package convert_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// small returns a configuration with the sizes that tests use.
func small(family string) checkpoint.Config {
	return checkpoint.Config{
		ModelType: family, HiddenSize: 64, IntermediateSize: 96, NumHiddenLayers: 4, NumAttentionHeads: 4, NumKeyValueHeads: 2,
		VocabSize: 50, MaxPositionEmbeddings: 96, RMSNormEps: 1e-5, RopeTheta: 10_000,
	}
}

// families returns a configuration for each thing in which families differ.
func families() map[string]checkpoint.Config {
	window, no, yes := 12, false, true
	llama3 := small("llama")
	llama3.RopeTheta, llama3.HeadDim = 500_000, 32
	llama3.RopeScaling = &checkpoint.Rope{Kind: "llama3", Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalMaxPositionEmbeddings: 32}
	linear := small("llama")
	linear.RopeScaling, linear.AttentionBias, linear.MLPBias = &checkpoint.Rope{Type: "linear", Factor: 2}, true, true
	mistral := small("mistral")
	mistral.SlidingWindow, mistral.HeadDim = &window, 24
	qwen2 := small("qwen2")
	qwen2.SlidingWindow, qwen2.UseSlidingWindow, qwen2.RMSNormEps, qwen2.TieWordEmbeddings = &window, &no, 1e-6, true
	qwen2Window := qwen2
	qwen2Window.UseSlidingWindow, qwen2Window.MaxWindowLayers = &yes, 2
	qwen3 := small("qwen3")
	qwen3.HeadDim, qwen3.RopeTheta, qwen3.RMSNormEps, qwen3.TieWordEmbeddings = 32, 1_000_000, 1e-6, true
	smollm := small("llama")
	smollm.NumAttentionHeads, smollm.NumKeyValueHeads, smollm.HeadDim, smollm.TieWordEmbeddings = 9, 3, 8, true
	smollm3 := small("smollm3")
	smollm3.NoRopeLayers, smollm3.TieWordEmbeddings = []int{0, 1, 0, 1}, true
	return map[string]checkpoint.Config{
		"Llama 2": small("llama"), "Llama 3": llama3, "Llama with biases": linear, "Mistral": mistral, "Qwen2": qwen2,
		"Qwen2 with a window": qwen2Window, "Qwen3": qwen3, "SmolLM": smollm, "SmolLM3": smollm3,
	}
}

// random draws the weights of a configuration.
func random(c checkpoint.Config, seed uint64) checkpoint.Memory {
	r := rand.New(rand.NewPCG(seed, 7))
	m := checkpoint.Memory{}
	draw := func(name string, deviation, mean float64, dims ...int) {
		count := 1
		for _, d := range dims {
			count *= d
		}
		x := make([]float32, count)
		for i := range x {
			x[i] = float32(r.NormFloat64()*deviation + mean)
		}
		m[name] = checkpoint.Array{Dims: dims, Elements: x}
	}
	draw("model.embed_tokens.weight", .3, 0, c.VocabSize, c.HiddenSize)
	draw("model.norm.weight", .1, 1, c.HiddenSize)
	if !c.TieWordEmbeddings {
		draw("lm_head.weight", .12, 0, c.VocabSize, c.HiddenSize)
	}
	queries, keys := c.NumAttentionHeads*c.HeadDim, c.NumKeyValueHeads*c.HeadDim
	for layer := range c.NumHiddenLayers {
		at := fmt.Sprintf("model.layers.%d.", layer)
		draw(at+"input_layernorm.weight", .1, 1, c.HiddenSize)
		draw(at+"post_attention_layernorm.weight", .1, 1, c.HiddenSize)
		for _, t := range []struct {
			name string
			n, k int
			bias bool
		}{
			{"self_attn.q_proj", queries, c.HiddenSize, c.InputBias()},
			{"self_attn.k_proj", keys, c.HiddenSize, c.InputBias()},
			{"self_attn.v_proj", keys, c.HiddenSize, c.InputBias()},
			{"self_attn.o_proj", c.HiddenSize, queries, c.OutputBias()},
			{"mlp.gate_proj", c.IntermediateSize, c.HiddenSize, c.MLPBias},
			{"mlp.up_proj", c.IntermediateSize, c.HiddenSize, c.MLPBias},
			{"mlp.down_proj", c.HiddenSize, c.IntermediateSize, c.MLPBias},
		} {
			draw(at+t.name+".weight", .12, 0, t.n, t.k)
			if t.bias {
				draw(at+t.name+".bias", .3, 0, t.n)
			}
		}
		if c.HeadNorms() {
			draw(at+"self_attn.q_norm.weight", .2, 1, c.HeadDim)
			draw(at+"self_attn.k_norm.weight", .2, 1, c.HeadDim)
		}
	}
	return m
}

// tokensOf draws windows of tokens.
func tokensOf(c checkpoint.Config, count, length int) [][]int32 {
	r := rand.New(rand.NewPCG(3, uint64(length)))
	windows := make([][]int32, count)
	for i := range windows {
		for range length {
			windows[i] = append(windows[i], r.Int32N(int32(c.VocabSize)))
		}
	}
	return windows
}

// open converts a checkpoint and loads the result.
func open(t testing.TB, s checkpoint.Source, c checkpoint.Config, o convert.Options, sizes decoder.Options) *decoder.Decoder {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, convert.Convert(&out, s, c, o))
	file, err := format.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	session := tensor.NewSession(cpu.New(), 1<<30)
	d, err := decoder.New(decoder.OnSession(session, bytes.NewReader(out.Bytes())), file, sizes)
	require.NoError(t, err)
	return d
}

func complete(t testing.TB, c checkpoint.Config) checkpoint.Config {
	t.Helper()
	c, err := c.Complete()
	require.NoError(t, err)
	return c
}
