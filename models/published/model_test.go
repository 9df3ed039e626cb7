package published_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/published"
)

const prose = "../testdata/prose"

func TestAFolderIsAModel(t *testing.T) {
	m, err := published.Open(prose)
	require.NoError(t, err)
	require.Equal(t, 68, m.Config.VocabSize)
	require.Equal(t, 68, m.Tokenizer.Size())
	_, err = checkpoint.Load(m.Weights, "model.layers.3.mlp.down_proj.weight", 128, 352)
	require.NoError(t, err)
	require.Nil(t, m.Chat)
	require.ErrorContains(t, m.ChatError, "found none")
	require.NoError(t, m.Close())
}

// copyOf copies the model of the tests, with a change to one file.
func copyOf(t *testing.T, name string, change func(old []byte) []byte) string {
	t.Helper()
	folder := t.TempDir()
	entries, err := os.ReadDir(prose)
	require.NoError(t, err)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(prose, e.Name()))
		require.NoError(t, err)
		if e.Name() == name {
			content = change(content)
		}
		if content != nil {
			require.NoError(t, os.WriteFile(filepath.Join(folder, e.Name()), content, 0o600))
		}
	}
	return folder
}

func TestAnIncompleteFolderIsRefused(t *testing.T) {
	gone := func([]byte) []byte { return nil }
	for name, want := range map[string]string{"config.json": "config.json", "tokenizer.json": "tokenizer.json", "model.safetensors": "model.safetensors"} {
		_, err := published.Open(copyOf(t, name, gone))
		require.ErrorContains(t, err, want)
	}
	_, err := published.Open(filepath.Join(prose, "config.json"))
	require.ErrorContains(t, err, "expected a GGUF file or a folder with config.json")
	_, err = published.Open(filepath.Join(prose, "nowhere"))
	require.ErrorContains(t, err, "open the model")
}

func TestATokenizerOfAnotherModelIsRefused(t *testing.T) {
	_, err := published.Open(copyOf(t, "config.json", func([]byte) []byte {
		return []byte(`{"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
			"num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 32, "rms_norm_eps": 1e-6}`)
	}))
	require.ErrorContains(t, err, "at most 50 tokens")
}

func TestWindowsCoverAText(t *testing.T) {
	m, err := published.Open(prose)
	require.NoError(t, err)
	defer m.Close()
	text := "It is a truth universally acknowledged"
	windows, err := m.Windows(text, 3, 16)
	require.NoError(t, err)
	require.Len(t, windows, 3)
	for i, want := range []string{text[:16], text[11:27], text[22:]} {
		require.Equal(t, want, m.Tokenizer.Decode(windows[i]))
	}
	windows, err = m.Windows("short", 3, 16)
	require.NoError(t, err)
	require.Len(t, windows, 1)
	require.Equal(t, "short", m.Tokenizer.Decode(windows[0]))
	_, err = m.Windows("a", 3, 16)
	require.ErrorContains(t, err, "at least 2 tokens")
}
