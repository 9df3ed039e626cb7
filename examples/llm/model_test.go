package llm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/chat/jinja"
	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/gguf"
	"github.com/thetaedge/theta/models/safetensors"
	"github.com/thetaedge/theta/models/tokenizer"
)

// Sizes of a model with random weights.
const (
	width, inner, layers, heads, keyHeads = 64, 96, 2, 4, 2
	size                                  = width / heads
	contextTokens                         = 256
)

const (
	testTokenizer = "../../models/tokenizer/testdata/smollm.json"
	template      = `{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}{{ '<|im_start|>assistant\n' }}`
)

// vocabulary is the parts of a tokenizer.json that GGUF has too.
type vocabulary struct {
	Added []struct {
		ID      int    `json:"id"`
		Content string `json:"content"`
	} `json:"added_tokens"`
	Model struct {
		Vocab  map[string]int `json:"vocab"`
		Merges []string       `json:"merges"`
	} `json:"model"`
}

func readVocabulary(t *testing.T) (v vocabulary, text []byte) {
	t.Helper()
	text, err := os.ReadFile(testTokenizer)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &v))
	return v, text
}

// weights draws the tensors of a model, by their names on Hugging Face.
func weights(tokens int) map[string]safetensors.Tensor {
	r := rand.New(rand.NewPCG(1, 2))
	all := map[string]safetensors.Tensor{}
	draw := func(name string, deviation, mean float64, shape ...int) {
		count := 1
		for _, n := range shape {
			count *= n
		}
		values := make([]float32, count)
		for i := range values {
			values[i] = float32(r.NormFloat64()*deviation + mean)
		}
		all[name] = safetensors.Tensor{Name: name, Type: safetensors.F32, Shape: shape, Values: values}
	}
	draw("model.embed_tokens.weight", .3, 0, tokens, width)
	draw("model.norm.weight", .1, 1, width)
	draw("lm_head.weight", .3, 0, tokens, width)
	for layer := range layers {
		at := fmt.Sprintf("model.layers.%d.", layer)
		draw(at+"input_layernorm.weight", .1, 1, width)
		draw(at+"post_attention_layernorm.weight", .1, 1, width)
		draw(at+"self_attn.q_proj.weight", .12, 0, heads*size, width)
		draw(at+"self_attn.k_proj.weight", .12, 0, keyHeads*size, width)
		draw(at+"self_attn.v_proj.weight", .12, 0, keyHeads*size, width)
		draw(at+"self_attn.o_proj.weight", .12, 0, width, heads*size)
		draw(at+"mlp.gate_proj.weight", .12, 0, inner, width)
		draw(at+"mlp.up_proj.weight", .12, 0, inner, width)
		draw(at+"mlp.down_proj.weight", .12, 0, width, inner)
	}
	return all
}

// writeFolder writes a model in the layout of Hugging Face.
func writeFolder(t *testing.T) string {
	t.Helper()
	v, tokens := readVocabulary(t)
	folder := t.TempDir()
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	all := weights(len(v.Model.Vocab) + len(v.Added))
	var tensors []safetensors.Tensor
	for _, name := range slices.Sorted(maps.Keys(all)) {
		tensors = append(tensors, all[name])
	}
	var content bytes.Buffer
	require.NoError(t, safetensors.Write(&content, nil, tensors))
	write(safetensors.SingleName, content.Bytes())
	write("tokenizer.json", tokens)
	config, err := json.Marshal(map[string]any{"eos_token": "<|im_end|>", "chat_template": template})
	require.NoError(t, err)
	write("tokenizer_config.json", config)
	write("config.json", fmt.Appendf(nil, `{"model_type":"llama","hidden_size":%d,"intermediate_size":%d,"num_hidden_layers":%d,"num_attention_heads":%d,
		"num_key_value_heads":%d,"vocab_size":%d,"max_position_embeddings":%d,"rms_norm_eps":1e-5,"rope_theta":10000}`,
		width, inner, layers, heads, keyHeads, len(v.Model.Vocab)+len(v.Added), contextTokens))
	return folder
}

// permute orders the rows of heads as GGUF files of this family have them.
func permute(values []float32, heads int) []float32 {
	var out []float32
	for h := range heads {
		for i := range size / 2 {
			for j := range 2 {
				row := h*size + j*size/2 + i
				out = append(out, values[row*width:(row+1)*width]...)
			}
		}
	}
	return out
}

// writeGGUF writes the same model as GGUF.
func writeGGUF(t *testing.T) []byte {
	t.Helper()
	v, _ := readVocabulary(t)
	tokens := make([]string, len(v.Model.Vocab)+len(v.Added))
	kinds := make([]int32, len(tokens))
	for token, id := range v.Model.Vocab {
		tokens[id], kinds[id] = token, 1
	}
	metadata := map[string]any{
		"general.architecture": "llama", "llama.context_length": uint32(contextTokens), "llama.embedding_length": uint32(width), "llama.block_count": uint32(layers),
		"llama.feed_forward_length": uint32(inner), "llama.attention.head_count": uint32(heads), "llama.attention.head_count_kv": uint32(keyHeads),
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5), "llama.rope.freq_base": float32(10000),
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.merges": v.Model.Merges, "tokenizer.chat_template": template,
	}
	for _, a := range v.Added {
		tokens[a.ID], kinds[a.ID] = a.Content, 3
		if a.Content == "<|im_end|>" {
			metadata["tokenizer.ggml.eos_token_id"] = uint32(a.ID)
		}
	}
	metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"] = tokens, kinds
	names := strings.NewReplacer("model.embed_tokens", "token_embd", "model.norm", "output_norm", "lm_head", "output", "model.layers.", "blk.",
		"input_layernorm", "attn_norm", "post_attention_layernorm", "ffn_norm", "self_attn.q_proj", "attn_q", "self_attn.k_proj", "attn_k",
		"self_attn.v_proj", "attn_v", "self_attn.o_proj", "attn_output", "mlp.gate_proj", "ffn_gate", "mlp.up_proj", "ffn_up", "mlp.down_proj", "ffn_down")
	all := weights(len(tokens))
	var tensors []gguf.Tensor
	for _, name := range slices.Sorted(maps.Keys(all)) {
		tensor := gguf.Tensor{Name: names.Replace(name), Type: gguf.F32, Shape: all[name].Shape, Values: all[name].Values}
		switch {
		case strings.Contains(name, "q_proj"):
			tensor.Values = permute(tensor.Values, heads)
		case strings.Contains(name, "k_proj"):
			tensor.Values = permute(tensor.Values, keyHeads)
		}
		tensors = append(tensors, tensor)
	}
	var content bytes.Buffer
	require.NoError(t, gguf.Write(&content, metadata, tensors))
	return content.Bytes()
}

// text returns the sections of a tokenizer and of the chat format of a template.
func text(t *testing.T, spec tokenizer.Spec, template, end string) []convert.Section {
	t.Helper()
	form, err := jinja.Find(template, "", end)
	require.NoError(t, err)
	tokens, err := spec.Encode()
	require.NoError(t, err)
	talk, err := form.Encode()
	require.NoError(t, err)
	return []convert.Section{{Name: "tokenizer", Content: tokens}, {Name: "chat", Content: talk}}
}

// converted writes a converted model, and returns its path.
func converted(t *testing.T, source checkpoint.Source, config []byte, sections []convert.Section) string {
	t.Helper()
	c, err := checkpoint.ParseConfig(config)
	require.NoError(t, err)
	var content bytes.Buffer
	require.NoError(t, convert.Convert(&content, source, c, convert.Options{Bits: 8, Sections: sections}))
	out := filepath.Join(t.TempDir(), "model")
	require.NoError(t, os.WriteFile(out, content.Bytes(), 0o600))
	return out
}

// fromFolder converts a model in the layout of Hugging Face.
func fromFolder(t *testing.T) string {
	t.Helper()
	folder := writeFolder(t)
	read, err := tokenizer.ReadFolder(folder)
	require.NoError(t, err)
	config, err := os.ReadFile(filepath.Join(folder, "config.json"))
	require.NoError(t, err)
	source, err := safetensors.OpenFolder(folder)
	require.NoError(t, err)
	defer func() { require.NoError(t, source.Close()) }()
	return converted(t, source, config, text(t, read.Spec, read.Template, read.EndText))
}

// fromGGUF converts a model in GGUF.
func fromGGUF(t *testing.T) string {
	t.Helper()
	content := writeGGUF(t)
	file, err := gguf.Read(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	source, err := gguf.NewModel(file)
	require.NoError(t, err)
	config, err := source.Config()
	require.NoError(t, err)
	spec, err := tokenizer.ReadGGUF(file)
	require.NoError(t, err)
	template, ok := file.Value("tokenizer.chat_template").(string)
	require.True(t, ok)
	return converted(t, source, config, text(t, spec, template, "<|im_end|>"))
}
