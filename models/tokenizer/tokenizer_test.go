package tokenizer_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/tokenizer"
)

func encode(t testing.TB, tok *tokenizer.Tokenizer, text string) []int32 {
	ids, err := tok.Encode(text)
	require.NoError(t, err)
	return ids
}

func TestATextOverBytesComesBack(t *testing.T) {
	for _, name := range []string{"llama3", "smollm"} {
		tok := small(t, name)
		for _, g := range goldens(t, filepath.Join("testdata", "llama3.texts")) {
			plain, err := tok.EncodeParts([]tokenizer.Part{{Text: g.Text, Plain: true}})
			require.NoError(t, err)
			require.Equal(t, g.Text, tok.Decode(plain))
		}
	}
}

func TestSpecialTokensCountOnlyOutsideOfPlainParts(t *testing.T) {
	tok := small(t, "qwen")
	start, err := tok.Special("<|im_start|>")
	require.NoError(t, err)
	_, err = tok.Special("<|none|>")
	require.ErrorContains(t, err, "found none")
	parts := []tokenizer.Part{{Text: "<|im_start|>user\n"}, {Text: "a <|im_start|> b", Plain: true}, {Text: "<|im_"}, {Text: "start|>"}}
	ids, err := tok.EncodeParts(parts)
	require.NoError(t, err)
	count := 0
	for _, id := range ids {
		if id == start {
			count++
		}
	}
	require.Equal(t, 2, count)
	require.Equal(t, "user\na <|im_start|> b", tok.Decode(ids))
	// Without special tokens the parts make no difference.
	ids, err = tok.EncodeParts([]tokenizer.Part{{Text: "one tw"}, {Text: "o three", Plain: true}, {Text: " four\n"}, {Text: "\nfive", Plain: true}})
	require.NoError(t, err)
	require.Equal(t, encode(t, tok, "one two three four\n\nfive"), ids)
}

func TestADecoderHoldsBackIncompleteCharacters(t *testing.T) {
	tok := small(t, "smollm")
	ids := encode(t, tok, "a漢😀é")
	d := tok.NewDecoder()
	var text string
	for _, id := range ids {
		piece := d.Next(id)
		require.True(t, utf8.ValidString(piece))
		require.NotContains(t, piece, "\ufffd")
		text += piece
	}
	require.Equal(t, "a漢😀é", text+d.Rest())

	d = tok.NewDecoder()
	text = ""
	for _, id := range ids[:3] { // a and the first two bytes of 漢
		text += d.Next(id)
	}
	require.Equal(t, "a", text)
	require.Equal(t, "\ufffd", d.Rest())
	require.Equal(t, "", d.Rest())
}

func TestADecoderGivesTheTextOfDecode(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range names() {
		tok := small(t, name)
		for range 500 {
			ids := make([]int32, random.IntN(20))
			for i := range ids {
				ids[i] = random.Int32N(int32(tok.Size())+2) - 1
			}
			d := tok.NewDecoder()
			var text strings.Builder
			for _, id := range ids {
				text.WriteString(d.Next(id))
			}
			require.Equal(t, tok.Decode(ids), text.String()+d.Rest())
		}
	}
}

func TestWrongBytesBecomeReplacementCharacters(t *testing.T) {
	spec := tokenizer.Spec{Version: 1, Bytes: true}
	for b := range 256 {
		spec.Tokens = append(spec.Tokens, 1, byte(b))
	}
	tok := reread(t, spec)
	for bytes, want := range map[string]string{
		"a\xffb": "a\ufffdb", "\xe6\xbc": "\ufffd", "\xe6\xbcA": "\ufffdA", "\xf0\x9f\x98": "\ufffd", "\xc0\x80": "\ufffd\ufffd", "\xed\xa0\x80": "\ufffd\ufffd\ufffd",
		"\x80\x80": "\ufffd\ufffd", "\xe6\xe6\xbc\xa2": "\ufffd漢",
	} {
		ids := make([]int32, len(bytes))
		for i := range len(bytes) {
			ids[i] = int32(bytes[i])
		}
		require.Equal(t, want, tok.Decode(ids), "%x", bytes)
	}
}

func TestASpaceAtTheStartCountsWithinAText(t *testing.T) {
	tok := small(t, "llama2")
	ids := encode(t, tok, "the house")
	require.Equal(t, "the house", tok.Decode(ids))
	d := tok.NewDecoderWithin()
	require.True(t, strings.HasPrefix(d.Next(ids[0]), " "))
}

func TestAFileThatThePackageDoesNotCoverIsRefused(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "qwen.json"))
	require.NoError(t, err)
	for says, change := range map[string]func(map[string]any){
		`found "Unigram"`:        func(f map[string]any) { f["model"].(map[string]any)["type"] = "Unigram" },
		"end_of_word_suffix":     func(f map[string]any) { f["model"].(map[string]any)["end_of_word_suffix"] = "</w>" },
		"unk_token":              func(f map[string]any) { f["model"].(map[string]any)["unk_token"] = "none" },
		"two parts":              func(f map[string]any) { f["model"].(map[string]any)["merges"] = []any{"a b c"} },
		"their result":           func(f map[string]any) { f["model"].(map[string]any)["merges"] = []any{[]any{"q", "q"}} },
		"number of its own":      func(f map[string]any) { f["model"].(map[string]any)["vocab"].(map[string]any)["twice"] = 1 },
		"below 4194304":          func(f map[string]any) { f["model"].(map[string]any)["vocab"].(map[string]any)["far"] = 1 << 30 },
		`found "BertNormalizer"`: func(f map[string]any) { f["normalizer"] = map[string]any{"type": "BertNormalizer"} },
		"Replace of a text": func(f map[string]any) {
			f["normalizer"] = map[string]any{"type": "Replace", "pattern": map[string]any{"Regex": "x"}}
		},
		`found "BertPreTokenizer"`: func(f map[string]any) { f["pre_tokenizer"] = map[string]any{"type": "BertPreTokenizer"} },
		"how Isolated":             func(f map[string]any) { split(f)["behavior"] = "Contiguous" },
		"unterminated":             func(f map[string]any) { split(f)["pattern"] = map[string]any{"Regex": "(["} },
		"decoder: expected":        func(f map[string]any) { f["decoder"] = map[string]any{"type": "WordPiece"} },
		"no tokens behind": func(f map[string]any) {
			f["post_processor"] = map[string]any{"type": "TemplateProcessing", "single": []any{}}
		},
		`found "BertProcessing"`:  func(f map[string]any) { f["post_processor"] = map[string]any{"type": "BertProcessing"} },
		"special token: expected": func(f map[string]any) { f["added_tokens"] = []any{map[string]any{"id": 5, "content": ""}} },
	} {
		var file map[string]any
		require.NoError(t, json.Unmarshal(content, &file))
		change(file)
		text, err := json.Marshal(file)
		require.NoError(t, err)
		_, err = tokenizer.ReadHuggingFace(text)
		require.ErrorContains(t, err, says)
	}
	_, err = tokenizer.ReadHuggingFace([]byte("[]"))
	require.ErrorContains(t, err, "expected a tokenizer.json")
}

// split returns the step Split of the file qwen.json.
func split(file map[string]any) map[string]any {
	return file["pre_tokenizer"].(map[string]any)["pretokenizers"].([]any)[0].(map[string]any)
}

func TestASpecThatContradictsItselfIsRefused(t *testing.T) {
	unknown := int32(1)
	one := []byte{1, 'a'}
	for says, spec := range map[string]tokenizer.Spec{
		"token 0: expected":         {Tokens: []byte{5, 'a'}},
		"token 1: expected":         {Tokens: []byte{1, 'a', 0x80}},
		"merge 0: expected three":   {Tokens: one, Merges: []byte{0, 0}},
		"merge 0: expected tokens":  {Tokens: one, Merges: []byte{0, 1, 0}},
		"unknown":                   {Tokens: one, Unknown: &unknown},
		"found \"NFX\"":             {Tokens: one, Normal: []tokenizer.Normal{{Form: "NFX"}}},
		"a text to replace":         {Tokens: one, Normal: []tokenizer.Normal{{Replace: &tokenizer.Replace{}}}},
		"normal: expected one of":   {Tokens: one, Normal: []tokenizer.Normal{{}}},
		"split: expected one of":    {Tokens: one, Split: []tokenizer.Split{{}}},
		"digits each or rows":       {Tokens: one, Split: []tokenizer.Split{{Digits: "all"}}},
		"with a text for spaces":    {Tokens: one, Split: []tokenizer.Split{{Metaspace: "first"}}},
		"pattern of at most":        {Tokens: one, Split: []tokenizer.Split{{Pattern: strings.Repeat("a", 5000), How: tokenizer.Isolated}}},
		"special token":             {Tokens: one, Special: []tokenizer.Special{{ID: -1, Text: "x"}}},
		"begin and end":             {Tokens: one, End: []int32{-1}},
		"expected at most 16 steps": {Tokens: one, Normal: make([]tokenizer.Normal, 17)},
	} {
		_, err := tokenizer.New(spec)
		require.ErrorContains(t, err, says)
	}
	for says, text := range map[string]string{
		"expected the JSON": `{"version":1,"more":1}`, "one JSON object": `{"version":1}{}`, "version 1, found 2": `{"version":2}`,
	} {
		_, err := tokenizer.Parse([]byte(text))
		require.ErrorContains(t, err, says)
	}
}

func TestAFolderHasTheEndsAndTheTemplate(t *testing.T) {
	folder := t.TempDir()
	_, err := tokenizer.ReadFolder(folder)
	require.ErrorContains(t, err, "expected a tokenizer.json")
	content, err := os.ReadFile(filepath.Join("testdata", "llama2.json"))
	require.NoError(t, err)
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	write("tokenizer.json", string(content))
	read, err := tokenizer.ReadFolder(folder)
	require.NoError(t, err)
	require.Empty(t, read.Spec.End)
	require.Equal(t, []int32{1}, read.Spec.Begin)

	write("tokenizer_config.json", `{"bos_token":{"content":"<s>"},"eos_token":"</s>","chat_template":[{"name":"tool_use","template":"x"},{"name":"default","template":"y"}]}`)
	write("generation_config.json", `{"eos_token_id":[2,5]}`)
	write("config.json", `{"eos_token_id":2}`)
	read, err = tokenizer.ReadFolder(folder)
	require.NoError(t, err)
	require.Equal(t, []int32{2, 5}, read.Spec.End)
	require.Equal(t, "y", read.Template)
	require.Equal(t, "<s>", read.BeginText)
	require.Equal(t, "</s>", read.EndText)

	write("chat_template.jinja", "z")
	read, err = tokenizer.ReadFolder(folder)
	require.NoError(t, err)
	require.Equal(t, "z", read.Template)

	for says, text := range map[string]string{
		"eos_token: expected": `{"eos_token":"none"}`, "one named default": `{"chat_template":[]}`, "tokenizer_config.json": `[]`,
	} {
		write("tokenizer_config.json", text)
		_, err = tokenizer.ReadFolder(folder)
		require.ErrorContains(t, err, says)
	}
	write("tokenizer_config.json", `{}`)
	write("config.json", `{"eos_token_id":"x"}`)
	_, err = tokenizer.ReadFolder(folder)
	require.ErrorContains(t, err, "config.json: eos_token_id")
}

func FuzzATextComesBack(f *testing.F) {
	for _, g := range goldens(f, filepath.Join("testdata", "llama3.texts"))[:31] {
		f.Add(g.Text, 3)
	}
	var all []*tokenizer.Tokenizer
	for _, name := range names() {
		all = append(all, small(f, name))
	}
	f.Fuzz(func(t *testing.T, text string, which int) {
		tok := all[uint(which)%uint(len(all))]
		ids, err := tok.EncodeParts([]tokenizer.Part{{Text: text, Plain: true}})
		require.NoError(t, err)
		decoded := tok.Decode(ids)
		require.True(t, utf8.ValidString(decoded))
		if name := names()[uint(which)%uint(len(all))]; name == "llama3" || name == "smollm" {
			require.Equal(t, strings.ToValidUTF8(text, "\ufffd"), decoded)
		}
	})
}

func FuzzASpecIsRefusedOrWorks(f *testing.F) {
	for _, name := range names() {
		text, err := spec(f, filepath.Join("testdata", name+".json")).Encode()
		require.NoError(f, err)
		f.Add(text, "Hello <s>, 42 é")
	}
	f.Add([]byte(`{"version":1,"bytes":false,"tokens":"AWEBYg==","merges":"AAEC","split":[{"pattern":"a|b","how":"Removed"}]}`), "abc")
	f.Fuzz(func(t *testing.T, text []byte, said string) {
		spec, err := tokenizer.Parse(text)
		if err != nil || len(said) > 100 {
			return
		}
		for _, s := range spec.Split {
			if s.Pattern != "" && len(s.Pattern) > 40 {
				return // the time that a pattern takes is not bounded
			}
		}
		tok, err := tokenizer.New(spec)
		if err != nil {
			return
		}
		if ids, err := tok.Encode(said); err == nil {
			require.True(t, utf8.ValidString(tok.Decode(ids)))
		}
	})
}

func FuzzAFileIsRefusedOrWorks(f *testing.F) {
	for _, name := range names() {
		content, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		require.NoError(f, err)
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		spec, err := tokenizer.ReadHuggingFace(content)
		if err != nil {
			return
		}
		_, err = tokenizer.New(spec)
		require.NoError(t, err)
	})
}
