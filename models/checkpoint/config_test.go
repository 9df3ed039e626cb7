package checkpoint_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
)

// llama is a config.json with the keys that converters of others write.
const llama = `{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 96,
	"num_hidden_layers": 8, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 200000,
	"rms_norm_eps": 1e-05, "rope_scaling": null, "bos_token_id": 1, "eos_token_id": [2, 3], "torch_dtype": "bfloat16"}`

// with returns a configuration with some keys replaced.
func with(t *testing.T, changes string) []byte {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal([]byte(llama), &all))
	require.NoError(t, json.Unmarshal([]byte(changes), &all))
	text, err := json.Marshal(all)
	require.NoError(t, err)
	return text
}

func TestWhatIsLeftOutIsFilledIn(t *testing.T) {
	c, err := checkpoint.ParseConfig([]byte(llama))
	require.NoError(t, err)
	require.Equal(t, 4, c.NumKeyValueHeads)
	require.Equal(t, 16, c.HeadDim)
	require.InDelta(t, 10_000, c.RopeTheta, 0)
	require.Equal(t, checkpoint.MaxContext, c.MaxPositionEmbeddings)
	require.Equal(t, "default", c.RopeKind())
}

func TestRopeParametersTakeThePlaceOfThetaAndScaling(t *testing.T) {
	text := with(t, `{"rope_parameters": {"rope_theta": 500000, "rope_type": "linear", "factor": 4}}`)
	c, err := checkpoint.ParseConfig(text)
	require.NoError(t, err)
	require.InDelta(t, 500_000, c.RopeTheta, 0)
	require.Equal(t, "linear", c.RopeKind())
	require.InDelta(t, 4, c.RopeScaling.Factor, 0)
}

func TestRopeParametersWithoutThetaKeepTheOneBesideThem(t *testing.T) {
	c, err := checkpoint.ParseConfig(with(t, `{"rope_theta": 500000, "rope_parameters": {"rope_type": "default"}}`))
	require.NoError(t, err)
	require.InDelta(t, 500_000, c.RopeTheta, 0)
}

func TestKeysThatAreLeftOutHaveTheValuesOfTheFamily(t *testing.T) {
	const sizes = `"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 8, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 200`
	for _, family := range checkpoint.Families() {
		c, err := checkpoint.ParseConfig([]byte(`{"model_type": "` + family + `", ` + sizes + `}`))
		require.NoError(t, err)
		require.InDelta(t, 1e-6, c.RMSNormEps, 0)
		require.Equal(t, family == "smollm3", c.TieWordEmbeddings, family)
		require.InDelta(t, map[bool]float64{false: 10_000, true: 2_000_000}[family == "smollm3"], c.RopeTheta, 0, family)
	}
	c, err := checkpoint.ParseConfig([]byte(`{"model_type": "smollm3", "tie_word_embeddings": false, "rms_norm_eps": 0, ` + sizes + `}`))
	require.NoError(t, err)
	require.False(t, c.TieWordEmbeddings)
	require.Zero(t, c.RMSNormEps)
}

func TestWindowsAreThoseOfTheFamily(t *testing.T) {
	for name, c := range map[string]struct {
		changes string
		want    []int
	}{
		"Llama has none":           {`{"sliding_window": 16}`, []int{0, 0, 0, 0, 0, 0, 0, 0}},
		"Mistral in all layers":    {`{"model_type": "mistral", "sliding_window": 16}`, []int{16, 16, 16, 16, 16, 16, 16, 16}},
		"Mistral without":          {`{"model_type": "mistral", "sliding_window": null}`, []int{0, 0, 0, 0, 0, 0, 0, 0}},
		"Qwen2 switched off":       {`{"model_type": "qwen2", "sliding_window": 16, "use_sliding_window": false}`, []int{0, 0, 0, 0, 0, 0, 0, 0}},
		"Qwen2 without the switch": {`{"model_type": "qwen2", "sliding_window": 16}`, []int{0, 0, 0, 0, 0, 0, 0, 0}},
		"Qwen2 from a layer on":    {`{"model_type": "qwen2", "sliding_window": 16, "use_sliding_window": true, "max_window_layers": 6}`, []int{0, 0, 0, 0, 0, 0, 16, 16}},
		"by the types of layers": {
			`{"model_type": "qwen3", "sliding_window": 16, "use_sliding_window": true, "layer_types": ["sliding_attention","full_attention","full_attention","full_attention","full_attention","full_attention","full_attention","sliding_attention"]}`,
			[]int{16, 0, 0, 0, 0, 0, 0, 16},
		},
	} {
		text := with(t, c.changes)
		config, err := checkpoint.ParseConfig(text)
		require.NoError(t, err, name)
		for layer, want := range c.want {
			require.Equal(t, want, config.Window(layer), "%s, layer %d", name, layer)
		}
	}
}

func TestEveryFourthLayerOfSmolLM3HasNoPositions(t *testing.T) {
	text := with(t, `{"model_type": "smollm3"}`)
	c, err := checkpoint.ParseConfig(text)
	require.NoError(t, err)
	for layer := range 8 {
		require.Equal(t, layer != 3 && layer != 7, c.Rotated(layer))
	}
	c.NoRopeLayers = []int{0, 1, 1, 1, 1, 1, 1, 1}
	require.False(t, c.Rotated(0))
	require.True(t, c.Rotated(3))
}

func TestAnArchitectureThatCannotBeConvertedIsRefused(t *testing.T) {
	for changes, want := range map[string]string{
		`{"model_type": "gemma3"}`:                                  `found "gemma3"`,
		`{"hidden_act": "gelu"}`:                                    `expected hidden_act silu`,
		`{"hidden_size": 66}`:                                       `expected hidden_size from 1 to 65536 and a multiple of 4, found 66`,
		`{"hidden_size": 1e9}`:                                      `found 1000000000`,
		`{"num_hidden_layers": 0}`:                                  `expected num_hidden_layers`,
		`{"num_key_value_heads": 3}`:                                `multiple of num_key_value_heads`,
		`{"num_key_value_heads": -4}`:                               `expected num_key_value_heads`,
		`{"num_attention_heads": -4}`:                               `expected num_attention_heads`,
		`{"head_dim": 32768}`:                                       `heads of at most 65536`,
		`{"rms_norm_eps": -1}`:                                      `rms_norm_eps`,
		`{"rope_theta": -1}`:                                        `rope_theta`,
		`{"layer_types": ["a"]}`:                                    `layer_types of 8 layers`,
		`{"no_rope_layers": [1]}`:                                   `no_rope_layers of 8 layers`,
		`{"sliding_window": -1}`:                                    `sliding_window`,
		`{"vocab_size": "many"}`:                                    `expected the JSON of a config.json`,
		`{"rope_scaling": {"type": "yarn", "factor": 4}}`:           `found "yarn"`,
		`{"rope_scaling": {"rope_type": "linear"}}`:                 `factor of rope_scaling`,
		`{"rope_scaling": {"rope_type": "llama3", "factor": 8}}`:    `original_max_position_embeddings`,
		`{"rope_scaling": {"rope_type": "dynamic", "factor": 8}}`:   `found "dynamic"`,
		`{"rope_parameters": {"rope_type": "yarn", "factor": 8}}`:   `found "yarn"`,
		`{"rope_parameters": {"rope_theta": 0.5, "rope_type": ""}}`: `rope_theta`,
	} {
		text := with(t, changes)
		_, err := checkpoint.ParseConfig(text)
		require.ErrorContains(t, err, want, changes)
	}
}

// FuzzParseConfig reads configurations of strangers: what is accepted can be asked about each layer.
func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(llama))
	f.Add([]byte(`{"model_type": "qwen2", "sliding_window": 16, "use_sliding_window": true, "layer_types": []}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := checkpoint.ParseConfig(text)
		if err != nil {
			return
		}
		for layer := range c.NumHiddenLayers {
			require.GreaterOrEqual(t, c.Window(layer), 0)
			c.Rotated(layer)
		}
		again, err := c.Complete()
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}
