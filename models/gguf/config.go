package gguf

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Config returns the configuration as a config.json of Hugging Face: the keys of the family, its
// dimensions, and the numbers of the tokens that begin and end a text.
func (m *Model) Config() ([]byte, error) {
	config := map[string]any{
		"model_type": m.architecture, "hidden_act": "silu",
		"architectures":       []string{map[string]string{"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}[m.architecture]},
		"tie_word_embeddings": !m.has("lm_head.weight"),
		// Qwen2 has biases of q, k and v without being told.
		"attention_bias": m.architecture != "qwen2" && m.has("model.layers.0.self_attn.q_proj.bias"),
		"mlp_bias":       m.has("model.layers.0.mlp.gate_proj.bias"),
	}
	for theirs, ours := range map[string]string{
		"max_position_embeddings": "context_length", "hidden_size": "embedding_length", "num_hidden_layers": "block_count",
		"intermediate_size": "feed_forward_length", "num_attention_heads": "attention.head_count",
	} {
		n, err := m.number(ours)
		if err != nil {
			return nil, err
		}
		config[theirs] = n
	}
	shape, _ := m.Shape("model.embed_tokens.weight")
	if len(shape) != 2 {
		return nil, fmt.Errorf("token_embd.weight: expected a matrix, found the shape %v", shape)
	}
	config["vocab_size"] = shape[0]
	for theirs, ours := range map[string]string{
		"num_key_value_heads": "attention.head_count_kv", "head_dim": "attention.key_length",
		"rms_norm_eps": "attention.layer_norm_rms_epsilon", "rope_theta": "rope.freq_base", "sliding_window": "attention.sliding_window",
	} {
		if value := m.file.Value(m.key(ours)); value != nil {
			config[theirs] = plain(value)
		}
	}
	if m.architecture == "llama" && config["sliding_window"] != nil {
		// The two families share an architecture here, and differ in this.
		config["model_type"], config["architectures"] = "mistral", []string{"MistralForCausalLM"}
	}
	for theirs, ours := range map[string]string{"bos_token_id": "bos_token_id", "eos_token_id": "eos_token_id"} {
		if value, ok := m.file.Value("tokenizer.ggml." + ours).(uint64); ok {
			config[theirs] = value
		}
	}
	if err := m.addScaling(config); err != nil {
		return nil, err
	}
	return json.Marshal(config)
}

// plain returns a float of 32 bits with the fewest digits that name it, as config.json has it.
func plain(value any) any {
	if f, ok := value.(float64); ok && float64(float32(f)) == f {
		return json.Number(strconv.FormatFloat(f, 'g', -1, 32))
	}
	return value
}

// addScaling adds how the context is extended.
func (m *Model) addScaling(config map[string]any) error {
	if _, found := m.file.Shape(ropeFactors); found {
		return m.addLlama3(config)
	}
	switch kind := m.file.Value(m.key("rope.scaling.type")); kind {
	case nil, "none":
		return nil
	case "linear":
		config["rope_scaling"] = map[string]any{"rope_type": "linear", "factor": plain(m.file.Value(m.key("rope.scaling.factor")))}
		return nil
	default:
		return fmt.Errorf("%s: expected none or linear, found %v", m.key("rope.scaling.type"), kind)
	}
}

// Parameters of the extended context that all published models of Llama 3.1 and later have. A
// file of GGUF has only the divisors that follow from them.
const (
	llama3Low     = 1.0
	llama3High    = 4.0
	llama3Context = 8192
)

// addLlama3 adds the parameters of an extended context whose divisors the file has. The largest
// divisor is the factor.
func (m *Model) addLlama3(config map[string]any) error {
	shape, _ := m.file.Shape(ropeFactors)
	if len(shape) != 1 || shape[0] < 1 || shape[0] > 1<<15 {
		return fmt.Errorf("%s: expected a list of divisors, found the shape %v", ropeFactors, shape)
	}
	divisors := make([]float32, shape[0])
	if err := m.file.Read(ropeFactors, 0, divisors); err != nil {
		return err
	}
	base, ok := m.file.Value(m.key("rope.freq_base")).(float64)
	if !ok {
		base = 10_000
	}
	var factor float64
	for _, d := range divisors {
		factor = max(factor, float64(d))
	}
	for i, d := range divisors {
		if want := llama3Divisor(base, factor, i, len(divisors)); !(math.Abs(float64(d)/want-1) < 1e-3) {
			return fmt.Errorf("%s: expected the divisors of Llama 3 for a context of %d tokens extended by %g, found %g in place of %g",
				ropeFactors, llama3Context, factor, d, want)
		}
	}
	config["rope_scaling"] = map[string]any{
		"rope_type": "llama3", "factor": factor, "low_freq_factor": llama3Low, "high_freq_factor": llama3High,
		"original_max_position_embeddings": llama3Context,
	}
	return nil
}

// llama3Divisor returns what the frequency of pair i out of n is divided by: 1 for short waves,
// the factor for long ones, and between the two in between.
func llama3Divisor(base, factor float64, i, n int) float64 {
	wave := 2 * math.Pi * math.Pow(base, float64(i)/float64(n))
	turns := llama3Context / wave
	switch {
	case turns > llama3High:
		return 1
	case turns < llama3Low:
		return factor
	}
	smooth := (turns - llama3Low) / (llama3High - llama3Low)
	return 1 / ((1-smooth)/factor + smooth)
}
