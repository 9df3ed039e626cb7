package checkpoint

import (
	"encoding/json"
	"fmt"
	"math"
)

// Config is a decoder's configuration. Its keys are those of Hugging Face's config.json.
type Config struct {
	// ModelType names the family: llama, mistral, qwen2, qwen3 or smollm3. SmolLM and SmolLM2 are
	// llama.
	ModelType string `json:"model_type"`
	// HiddenSize is the width of the residual stream.
	HiddenSize int `json:"hidden_size"`
	// IntermediateSize is the width between the matrices of the feed-forward part.
	IntermediateSize int `json:"intermediate_size"`
	NumHiddenLayers  int `json:"num_hidden_layers"`
	// NumAttentionHeads counts the heads of queries; NumKeyValueHeads those of keys and values,
	// as many as of queries if it is left out.
	NumAttentionHeads int `json:"num_attention_heads"`
	NumKeyValueHeads  int `json:"num_key_value_heads,omitempty"`
	// HeadDim is HiddenSize / NumAttentionHeads if it is left out.
	HeadDim               int `json:"head_dim,omitempty"`
	VocabSize             int `json:"vocab_size"`
	MaxPositionEmbeddings int `json:"max_position_embeddings"`
	// RMSNormEps is 10^-6 if a config.json leaves it out.
	RMSNormEps float64 `json:"rms_norm_eps"`
	// RopeTheta is 10,000 if it is left out, and 2,000,000 for SmolLM3.
	RopeTheta   float64 `json:"rope_theta,omitempty"`
	RopeScaling *Rope   `json:"rope_scaling,omitempty"`
	// RopeParameters takes the place of RopeTheta and RopeScaling in newer files.
	RopeParameters *Rope `json:"rope_parameters,omitempty"`
	// TieWordEmbeddings is true if a config.json of SmolLM3 leaves it out, and false in others.
	TieWordEmbeddings bool   `json:"tie_word_embeddings"`
	HiddenAct         string `json:"hidden_act,omitempty"`
	// AttentionBias says that q, k, v and o have a bias. Qwen2 has one for q, k and v always.
	AttentionBias bool `json:"attention_bias,omitempty"`
	MLPBias       bool `json:"mlp_bias,omitempty"`
	// SlidingWindow is the number of keys that a query sees, its own included. Qwen2 and Qwen3
	// use it from layer MaxWindowLayers on, and only if UseSlidingWindow is set.
	SlidingWindow    *int     `json:"sliding_window,omitempty"`
	UseSlidingWindow *bool    `json:"use_sliding_window,omitempty"`
	MaxWindowLayers  int      `json:"max_window_layers,omitempty"`
	LayerTypes       []string `json:"layer_types,omitempty"`
	// NoRopeLayers holds 0 for each layer of SmolLM3 without positions, and 1 for the others.
	NoRopeLayers []int `json:"no_rope_layers,omitempty"`
}

// Rope says how a context is extended beyond the one that was trained first.
type Rope struct {
	// Kind is llama3, linear or default. Older files name it Type.
	Kind string `json:"rope_type,omitempty"`
	// Theta counts in RopeParameters alone; RopeTheta counts if it is left out.
	Theta  float64 `json:"rope_theta,omitempty"`
	Type   string  `json:"type,omitempty"`
	Factor float64 `json:"factor,omitempty"`
	// LowFreqFactor, HighFreqFactor and OriginalMaxPositionEmbeddings are those of llama3.
	LowFreqFactor                 float64 `json:"low_freq_factor,omitempty"`
	HighFreqFactor                float64 `json:"high_freq_factor,omitempty"`
	OriginalMaxPositionEmbeddings int     `json:"original_max_position_embeddings,omitempty"`
}

// Bounds of configurations, so that products of sizes stay far from overflow.
const (
	maxWidth  = 1 << 16
	maxVocab  = 1 << 22
	maxLayers = 1024
	// MaxContext is the largest number of keys of an attention.
	MaxContext = 131_072
)

// What holds for keys that a config.json leaves out.
const (
	usualEps     = 1e-6
	usualTheta   = 10_000
	smollm3Theta = 2_000_000
)

// ParseConfig reads a config.json, fills in what may be left out, and checks it.
func ParseConfig(text []byte) (Config, error) {
	var family struct {
		ModelType string `json:"model_type"`
	}
	if err := json.Unmarshal(text, &family); err != nil {
		return Config{}, fmt.Errorf("expected the JSON of a config.json: %w", err)
	}
	c := Config{RMSNormEps: usualEps, TieWordEmbeddings: family.ModelType == "smollm3"}
	if err := json.Unmarshal(text, &c); err != nil {
		return Config{}, fmt.Errorf("expected the JSON of a config.json: %w", err)
	}
	return c.Complete()
}

// Complete fills in what may be left out, and checks that the architecture is one that can be
// converted.
func (c Config) Complete() (Config, error) {
	if c.NumKeyValueHeads == 0 {
		c.NumKeyValueHeads = c.NumAttentionHeads
	}
	if c.HeadDim == 0 && c.NumAttentionHeads > 0 {
		c.HeadDim = c.HiddenSize / c.NumAttentionHeads
	}
	if r := c.RopeParameters; r != nil {
		c.RopeScaling, c.RopeParameters = r, nil
		if r.Theta != 0 {
			c.RopeTheta = r.Theta
		}
	}
	if c.RopeTheta == 0 {
		c.RopeTheta = usualTheta
		if c.ModelType == "smollm3" {
			c.RopeTheta = smollm3Theta
		}
	}
	if c.HiddenAct == "" {
		c.HiddenAct = "silu"
	}
	c.MaxPositionEmbeddings = min(c.MaxPositionEmbeddings, MaxContext)
	for _, check := range []func() error{c.checkFamily, c.checkSizes, c.checkRope, c.checkLayers} {
		if err := check(); err != nil {
			return Config{}, err
		}
	}
	return c, nil
}

// Families returns the values of model_type that can be converted.
func Families() []string { return []string{"llama", "mistral", "qwen2", "qwen3", "smollm3"} }

func (c Config) checkFamily() error {
	for _, family := range Families() {
		if c.ModelType == family {
			if c.HiddenAct != "silu" {
				return fmt.Errorf("expected hidden_act silu, found %q", c.HiddenAct)
			}
			return nil
		}
	}
	return fmt.Errorf("expected a model_type out of %v, found %q", Families(), c.ModelType)
}

func (c Config) checkSizes() error {
	for _, s := range []struct {
		key         string
		value, most int
		multiple    int
	}{
		{"hidden_size", c.HiddenSize, maxWidth, 4},
		{"intermediate_size", c.IntermediateSize, maxWidth, 4},
		{"num_hidden_layers", c.NumHiddenLayers, maxLayers, 1},
		{"num_attention_heads", c.NumAttentionHeads, maxWidth, 1},
		{"num_key_value_heads", c.NumKeyValueHeads, maxWidth, 1},
		{"head_dim", c.HeadDim, maxWidth, 4},
		{"vocab_size", c.VocabSize, maxVocab, 1},
		{"max_position_embeddings", c.MaxPositionEmbeddings, MaxContext, 1},
	} {
		if s.value < 1 || s.value > s.most || s.value%s.multiple != 0 {
			return fmt.Errorf("expected %s from 1 to %d and a multiple of %d, found %d", s.key, s.most, s.multiple, s.value)
		}
	}
	if c.NumAttentionHeads%c.NumKeyValueHeads != 0 {
		return fmt.Errorf("expected num_attention_heads that are a multiple of num_key_value_heads, found %d and %d", c.NumAttentionHeads, c.NumKeyValueHeads)
	}
	if c.NumAttentionHeads*c.HeadDim > maxWidth {
		return fmt.Errorf("expected heads of at most %d numbers together, found %d of %d", maxWidth, c.NumAttentionHeads, c.HeadDim)
	}
	if !(c.RMSNormEps >= 0 && c.RMSNormEps <= 1) {
		return fmt.Errorf("expected rms_norm_eps from 0 to 1, found %g", c.RMSNormEps)
	}
	return nil
}

func (c Config) checkRope() error {
	if !(c.RopeTheta >= 1 && c.RopeTheta <= 1e12) {
		return fmt.Errorf("expected rope_theta from 1 to 10^12, found %g", c.RopeTheta)
	}
	r := c.RopeScaling
	switch c.RopeKind() {
	case "default":
		return nil
	case "linear":
		if !(r.Factor >= 1 && r.Factor <= 1e6) {
			return fmt.Errorf("expected a factor of rope_scaling from 1 to 10^6, found %g", r.Factor)
		}
		return nil
	case "llama3":
		if !(r.Factor >= 1 && r.Factor <= 1e6) || !(r.LowFreqFactor > 0 && r.HighFreqFactor > r.LowFreqFactor && r.HighFreqFactor < math.Inf(1)) || r.OriginalMaxPositionEmbeddings < 1 {
			return fmt.Errorf("expected factor, low_freq_factor < high_freq_factor and original_max_position_embeddings of rope_scaling llama3, found %+v", *r)
		}
		return nil
	}
	return fmt.Errorf("expected rope_scaling of type default, linear or llama3, found %q; set rope_scaling to null to use the context that was trained first", c.RopeKind())
}

// RopeKind returns default, linear, llama3, or the name of a scaling that cannot be converted.
func (c Config) RopeKind() string {
	switch {
	case c.RopeScaling == nil:
		return "default"
	case c.RopeScaling.Kind != "":
		return c.RopeScaling.Kind
	case c.RopeScaling.Type != "":
		return c.RopeScaling.Type
	}
	return "default"
}

func (c Config) checkLayers() error {
	if n := len(c.LayerTypes); n != 0 && n != c.NumHiddenLayers {
		return fmt.Errorf("expected layer_types of %d layers, found %d", c.NumHiddenLayers, n)
	}
	for _, kind := range c.LayerTypes {
		if kind != "full_attention" && kind != "sliding_attention" {
			return fmt.Errorf("expected layer_types out of full_attention and sliding_attention, found %q", kind)
		}
	}
	if n := len(c.NoRopeLayers); n != 0 && n != c.NumHiddenLayers {
		return fmt.Errorf("expected no_rope_layers of %d layers, found %d", c.NumHiddenLayers, n)
	}
	if w := c.SlidingWindow; w != nil && (*w < 0 || *w > math.MaxInt32) {
		return fmt.Errorf("expected sliding_window from 0 to 2^31 - 1, found %d", *w)
	}
	return nil
}

// Window returns the number of keys that a query of a layer sees, its own included; 0 means all.
func (c Config) Window(layer int) int {
	if c.SlidingWindow == nil || c.UseSlidingWindow != nil && !*c.UseSlidingWindow {
		return 0
	}
	if len(c.LayerTypes) > 0 {
		if c.LayerTypes[layer] == "sliding_attention" {
			return *c.SlidingWindow
		}
		return 0
	}
	switch c.ModelType {
	case "mistral":
		return *c.SlidingWindow
	case "qwen2", "qwen3":
		if c.UseSlidingWindow != nil && layer >= c.MaxWindowLayers {
			return *c.SlidingWindow
		}
	}
	return 0
}

// Rotated reports whether a layer rotates queries and keys by their positions. Of SmolLM3, every
// fourth layer does not.
func (c Config) Rotated(layer int) bool {
	switch {
	case len(c.NoRopeLayers) > 0:
		return c.NoRopeLayers[layer] != 0
	case c.ModelType == "smollm3":
		return (layer+1)%4 != 0
	}
	return true
}

// HeadNorms reports whether the heads of queries and keys are normalized (Qwen3).
func (c Config) HeadNorms() bool { return c.ModelType == "qwen3" }

// OutputBias reports whether o has a bias. That of Qwen2 does not, whatever AttentionBias says.
func (c Config) OutputBias() bool { return c.AttentionBias && c.ModelType != "qwen2" }

// InputBias reports whether q, k and v have a bias.
func (c Config) InputBias() bool { return c.AttentionBias || c.ModelType == "qwen2" }
