package published_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/gguf"
	"github.com/thetaedge/theta/models/published"
)

// names are the tensors of a layer in GGUF and on Hugging Face.
func names() map[string]string {
	return map[string]string{
		"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
		"attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
		"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
	}
}

// neighbours orders the rows of heads as GGUF has them: the numbers of a pair lie next to each other.
func neighbours(rows []float32, dim, width int) []float32 {
	out := make([]float32, 0, len(rows))
	for row := range len(rows) / width {
		head, i := row/dim, row%dim
		from := head*dim + i%2*dim/2 + i/2
		out = append(out, rows[from*width:][:width]...)
	}
	return out
}

// writeGGUF writes the model of the tests as GGUF.
func writeGGUF(t *testing.T, m *published.Model, path string) {
	t.Helper()
	c := m.Config
	var tensors []gguf.Tensor
	add := func(name, from string) {
		dims, found := m.Weights.Shape(from)
		require.True(t, found, from)
		values, err := checkpoint.Load(m.Weights, from, dims...)
		require.NoError(t, err)
		if strings.HasSuffix(name, "attn_q.weight") || strings.HasSuffix(name, "attn_k.weight") {
			values = neighbours(values, c.HeadDim, c.HiddenSize)
		}
		tensors = append(tensors, gguf.Tensor{Name: name, Type: gguf.F32, Shape: dims, Values: values})
	}
	add("token_embd.weight", "model.embed_tokens.weight")
	add("output_norm.weight", "model.norm.weight")
	add("output.weight", "lm_head.weight")
	for layer := range c.NumHiddenLayers {
		for theirs, ours := range names() {
			add(fmt.Sprintf("blk.%d.%s.weight", layer, theirs), fmt.Sprintf("model.layers.%d.%s.weight", layer, ours))
		}
	}
	characters, err := os.ReadFile(filepath.Join(prose, "characters.txt"))
	require.NoError(t, err)
	var tokens []string
	for _, character := range string(characters) {
		tokens = append(tokens, map[rune]string{' ': "Ġ", '\n': "Ċ"}[character])
		if tokens[len(tokens)-1] == "" {
			tokens[len(tokens)-1] = string(character)
		}
	}
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, gguf.Write(file, map[string]any{
		"general.architecture": "llama", "llama.context_length": uint32(c.MaxPositionEmbeddings), "llama.embedding_length": uint32(c.HiddenSize),
		"llama.block_count": uint32(c.NumHiddenLayers), "llama.feed_forward_length": uint32(c.IntermediateSize),
		"llama.attention.head_count": uint32(c.NumAttentionHeads), "llama.attention.head_count_kv": uint32(c.NumKeyValueHeads),
		"llama.attention.layer_norm_rms_epsilon": float32(c.RMSNormEps), "llama.rope.freq_base": float32(c.RopeTheta),
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.tokens": tokens,
	}, tensors))
}

// A model as GGUF has the same weights, configuration and tokens as in a folder.
func TestAGGUFFileIsAModel(t *testing.T) {
	folder, err := published.Open(prose)
	require.NoError(t, err)
	defer folder.Close()
	path := filepath.Join(t.TempDir(), "prose.gguf")
	writeGGUF(t, folder, path)
	m, err := published.Open(path)
	require.NoError(t, err)
	defer m.Close()
	require.Equal(t, folder.Config.HiddenSize, m.Config.HiddenSize)
	require.Equal(t, folder.Config.NumKeyValueHeads, m.Config.NumKeyValueHeads)
	require.InDelta(t, folder.Config.RMSNormEps, m.Config.RMSNormEps, 1e-12)
	for _, name := range []string{"model.layers.2.self_attn.q_proj.weight", "model.layers.2.self_attn.k_proj.weight", "model.layers.0.mlp.down_proj.weight", "lm_head.weight"} {
		dims, found := folder.Weights.Shape(name)
		require.True(t, found)
		want, err := checkpoint.Load(folder.Weights, name, dims...)
		require.NoError(t, err)
		got, err := checkpoint.Load(m.Weights, name, dims...)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	const text = "It is a truth,\nuniversally"
	want, err := folder.Tokenizer.Encode(text)
	require.NoError(t, err)
	got, err := m.Tokenizer.Encode(text)
	require.NoError(t, err)
	require.Equal(t, want, got)
}
