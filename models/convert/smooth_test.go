package convert_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/float"
)

// logitsOf returns the logits after all tokens of windows.
func logitsOf(t *testing.T, s checkpoint.Source, c checkpoint.Config, windows [][]int32) []float32 {
	t.Helper()
	var all []float32
	require.NoError(t, float.Forward(s, c, windows, float.Watch{Logits: func(_, _ int, logits []float32) { all = append(all, logits...) }}))
	return all
}

func TestSmoothingKeepsTheFunction(t *testing.T) {
	for name, config := range families() {
		c := complete(t, config)
		source, windows := random(c, 5), tokensOf(c, 2, 40)
		smoothed, err := convert.Smoothed(source, c, tokensOf(c, 2, 30))
		require.NoError(t, err)
		const changed = "model.layers.2.self_attn.k_proj.weight"
		require.NotEqual(t, source[changed], smoothed[changed])
		want, got := logitsOf(t, source, c, windows), logitsOf(t, smoothed, c, windows)
		for i := range want {
			require.InDelta(t, want[i], got[i], 2e-3, name)
		}
	}
}

// 32 normal numbers span about 4.2 deviations, so that a step is 0.28 of them, and the error of rounding
// 0.08.
func TestFourBitsHoldNormalWeightsToATwelfth(t *testing.T) {
	c := complete(t, small("llama"))
	weights := random(c, 9)["model.layers.0.mlp.down_proj.weight"].Elements
	got := convert.Four(weights, 96, 32)
	square, wrong := 0.0, 0.0
	for i, w := range weights {
		square, wrong = square+float64(w)*float64(w), wrong+(float64(w)-got[i])*(float64(w)-got[i])
	}
	t.Logf("relative error %.4f", math.Sqrt(wrong/square))
	require.Less(t, math.Sqrt(wrong/square), 1.0/12)
}

// FuzzArchitecture reads configurations of strangers: each that is accepted fits the format.
func FuzzArchitecture(f *testing.F) {
	f.Add([]byte(`{"model_type": "qwen2", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
		"num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 32, "rms_norm_eps": 1e-6}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := checkpoint.ParseConfig(text)
		if err != nil {
			return
		}
		require.NoError(t, convert.Architecture(c).Check())
	})
}
