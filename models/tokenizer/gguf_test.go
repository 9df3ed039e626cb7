package tokenizer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/tokenizer"
)

// values is the metadata of a GGUF file.
type values map[string]any

func (v values) Value(key string) any { return v[key] }

// vocabulary is the parts of a tokenizer.json that GGUF has too.
type vocabulary struct {
	Added []struct {
		ID      int    `json:"id"`
		Content string `json:"content"`
		Special bool   `json:"special"`
	} `json:"added_tokens"`
	Model struct {
		Vocab  map[string]int `json:"vocab"`
		Merges []any          `json:"merges"`
	} `json:"model"`
}

// metadata writes a tokenizer.json as GGUF has it. Of a vocabulary over characters, a token has a
// score by its first merge, from which its file was made in the other direction.
func metadata(t testing.TB, path, model, pre string) values {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var v vocabulary
	require.NoError(t, json.Unmarshal(content, &v))
	size := len(v.Model.Vocab)
	for _, a := range v.Added {
		size = max(size, a.ID+1)
	}
	tokens, kinds, scores := make([]any, size), make([]any, size), make([]any, size)
	for i := range kinds {
		kinds[i], scores[i] = int64(1), float64(0)
	}
	for token, id := range v.Model.Vocab {
		tokens[id] = token
		if len(token) == 6 && token[:3] == "<0x" {
			kinds[id] = int64(6)
		}
	}
	for _, a := range v.Added {
		tokens[a.ID], kinds[a.ID] = a.Content, int64(3)
		if !a.Special {
			kinds[a.ID] = int64(4)
		}
		if a.Content == "<unk>" {
			kinds[a.ID] = int64(2)
		}
	}
	merges := make([]any, len(v.Model.Merges))
	for i, m := range v.Model.Merges {
		merges[i] = m
		if parts, ok := m.([]any); ok {
			merges[i] = fmt.Sprintf("%s %s", parts[0], parts[1])
		}
		left, right, _ := strings.Cut(merges[i].(string), " ")
		if id := v.Model.Vocab[left+right]; scores[id] == float64(0) {
			scores[id] = float64(-1 - i)
		}
	}
	return values{
		"tokenizer.ggml.model": model, "tokenizer.ggml.pre": pre, "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": kinds,
		"tokenizer.ggml.scores": scores, "tokenizer.ggml.merges": merges, "tokenizer.ggml.bos_token_id": uint64(1), "tokenizer.ggml.eos_token_id": uint64(2),
	}
}

func readGGUF(t testing.TB, v values) *tokenizer.Tokenizer {
	spec, err := tokenizer.ReadGGUF(v)
	require.NoError(t, err)
	return reread(t, spec)
}

func TestGGUFOverBytesGivesTheTokensOfTheOriginal(t *testing.T) {
	for name, pre := range map[string]string{"llama3": "llama-bpe", "qwen": "qwen2", "smollm": "smollm"} {
		tok := readGGUF(t, metadata(t, filepath.Join("testdata", name+".json"), "gpt2", pre))
		compare(t, tok, goldens(t, filepath.Join("testdata", name+".texts")))
		require.Contains(t, tok.End(), int32(2))
		if name == "qwen" {
			end, err := tok.Special("<|im_end|>")
			require.NoError(t, err)
			require.Contains(t, tok.End(), end)
		}
	}
}

func TestGGUFWithoutAFlagBeginsTextsAsTheFamilyDoes(t *testing.T) {
	for name, c := range map[string]struct {
		model, pre string
		want       []int32
	}{
		"llama3": {"gpt2", "llama-bpe", []int32{1}},
		"qwen":   {"gpt2", "qwen2", []int32{}},
		"smollm": {"gpt2", "smollm", []int32{}},
		"llama2": {"llama", "", []int32{1}},
	} {
		v := metadata(t, filepath.Join("testdata", name+".json"), c.model, c.pre)
		require.ElementsMatch(t, c.want, readGGUF(t, v).Begin(), name)
		v["tokenizer.ggml.add_bos_token"] = false
		require.Empty(t, readGGUF(t, v).Begin(), name)
		v["tokenizer.ggml.add_bos_token"] = true
		require.Equal(t, []int32{1}, readGGUF(t, v).Begin(), name)
	}
}

// bestPairs joins the two neighbours whose text has the best score, as long as there are any.
func bestPairs(v values, text string) []string {
	score := map[string]float64{}
	for i, token := range v["tokenizer.ggml.tokens"].([]any) {
		if v["tokenizer.ggml.token_type"].([]any)[i] == int64(1) {
			score[token.(string)] = v["tokenizer.ggml.scores"].([]any)[i].(float64)
		}
	}
	var parts []string
	for _, r := range text {
		parts = append(parts, string(r))
	}
	for {
		best := -1
		for i := range len(parts) - 1 {
			if s, ok := score[parts[i]+parts[i+1]]; ok && (best < 0 || s > score[parts[best]+parts[best+1]]) {
				best = i
			}
		}
		if best < 0 {
			return parts
		}
		parts[best] += parts[best+1]
		parts = append(parts[:best+1], parts[best+2:]...)
	}
}

func TestGGUFWithScoresJoinsTheBestPairsFirst(t *testing.T) {
	v := metadata(t, filepath.Join("testdata", "llama2.json"), "llama", "")
	tok := readGGUF(t, v)
	require.Equal(t, []int32{1}, tok.Begin())
	require.Equal(t, []int32{2}, tok.End())
	ids := map[string]int32{}
	for i, token := range v["tokenizer.ggml.tokens"].([]any) {
		ids[token.(string)] = int32(i)
	}
	for _, text := range []string{"the house of her mother", "It is a truth universally acknowledged", "mississippi", "aaaaaaa", "hello   there"} {
		marked := "▁"
		for _, r := range text {
			if r == ' ' {
				r = '▁'
			}
			marked += string(r)
		}
		var want []int32
		for _, part := range bestPairs(v, marked) {
			want = append(want, ids[part])
		}
		require.Equal(t, want, encode(t, tok, text), text)
		require.Equal(t, text, tok.Decode(want))
	}
	require.Equal(t, "漢é\n", tok.Decode(encode(t, tok, "漢é\n")))
}

func TestGGUFWithScoresGivesTheTokensOfPublishedLlama2(t *testing.T) {
	if *realFolder == "" {
		t.Skip("published tokenizers are not part of the repository: give their folder with -real")
	}
	folder := filepath.Join(*realFolder, "llama2")
	compare(t, readGGUF(t, metadata(t, filepath.Join(folder, "tokenizer.json"), "llama", "")), goldens(t, filepath.Join(folder, "tokenizer.texts")))
}

func TestMetadataThatContradictsItselfIsRefused(t *testing.T) {
	for says, change := range map[string]func(values){
		"expected 1 to":        func(v values) { delete(v, "tokenizer.ggml.tokens") },
		"expected a list":      func(v values) { v["tokenizer.ggml.tokens"] = "x" },
		"expected texts":       func(v values) { v["tokenizer.ggml.tokens"] = []any{1.0} },
		"expected numbers":     func(v values) { v["tokenizer.ggml.token_type"] = []any{"x"} },
		"and a type for each":  func(v values) { v["tokenizer.ggml.token_type"] = []any{1.0} },
		`found "bert"`:         func(v values) { v["tokenizer.ggml.model"] = "bert" },
		`found "other"`:        func(v values) { v["tokenizer.ggml.pre"] = "other" },
		"merge 0: expected":    func(v values) { v["tokenizer.ggml.merges"] = []any{"no merge"} },
		"eos_token_id":         func(v values) { v["tokenizer.ggml.eos_token_id"] = uint64(1 << 40) },
		"expected a score and": func(v values) { v["tokenizer.ggml.model"], v["tokenizer.ggml.scores"] = "llama", []any{} },
	} {
		v := metadata(t, filepath.Join("testdata", "qwen.json"), "gpt2", "qwen2")
		change(v)
		_, err := tokenizer.ReadGGUF(v)
		require.ErrorContains(t, err, says)
	}
}
