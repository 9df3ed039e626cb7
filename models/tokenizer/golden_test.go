package tokenizer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/tokenizer"
)

// golden is a text, its tokens and what they decode to, by the library tokenizers.
type golden struct {
	Text    string  `json:"text"`
	IDs     []int32 `json:"ids"`
	Decoded string  `json:"decoded"`
}

func goldens(t testing.TB, path string) []golden {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []golden
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var g golden
		require.NoError(t, json.Unmarshal(lines.Bytes(), &g))
		all = append(all, g)
	}
	require.NotEmpty(t, all)
	return all
}

func spec(t testing.TB, path string) tokenizer.Spec {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	spec, err := tokenizer.ReadHuggingFace(content)
	require.NoError(t, err)
	return spec
}

// reread returns a tokenizer that went through its encoded form.
func reread(t testing.TB, spec tokenizer.Spec) *tokenizer.Tokenizer {
	text, err := spec.Encode()
	require.NoError(t, err)
	again, err := tokenizer.Parse(text)
	require.NoError(t, err)
	require.Equal(t, spec, again)
	tok, err := tokenizer.New(again)
	require.NoError(t, err)
	return tok
}

func small(t testing.TB, name string) *tokenizer.Tokenizer {
	return reread(t, spec(t, filepath.Join("testdata", name+".json")))
}

func names() []string { return []string{"llama3", "qwen", "smollm", "llama2", "mistral"} }

// unassigned reports whether a text has a character that Go's tables do not have. The library
// tokenizers has tables of its own, of another version of Unicode.
func unassigned(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.Is(unicode.Cn, r)
	})
}

func compare(t *testing.T, tok *tokenizer.Tokenizer, all []golden) {
	skipped := 0
	defer func() {
		t.Logf("%d texts, of which %d have characters that are newer than Unicode %s", len(all), skipped, unicode.Version)
	}()
	for _, g := range all {
		if unassigned(g.Text) {
			skipped++
			continue
		}
		ids, err := tok.Encode(g.Text)
		require.NoError(t, err)
		if len(g.IDs) > 0 || len(ids) > 0 {
			require.Equal(t, g.IDs, ids, "%q", g.Text)
		}
		if !strings.Contains(g.Decoded, "\ufffd") {
			require.Equal(t, g.Decoded, tok.Decode(ids), "%q", g.Text)
		}
	}
}

func TestTokensAreThoseOfTheLibraryTokenizers(t *testing.T) {
	for _, name := range names() {
		t.Run(name, func(t *testing.T) {
			compare(t, small(t, name), goldens(t, filepath.Join("testdata", name+".texts")))
		})
	}
}

// realFolder is a folder with folders that hold a published tokenizer.json and tokenizer.texts, made by
// testdata/make.mjs.
var realFolder = flag.String("real", "", "a folder of published tokenizers to compare")

func TestTokensOfPublishedTokenizers(t *testing.T) {
	if *realFolder == "" {
		t.Skip("published tokenizers are not part of the repository: give their folder with -real")
	}
	folders, err := filepath.Glob(filepath.Join(*realFolder, "*", "tokenizer.texts"))
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, texts := range folders {
		folder := filepath.Dir(texts)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			read, err := tokenizer.ReadFolder(folder)
			require.NoError(t, err)
			text, err := read.Spec.Encode()
			require.NoError(t, err)
			all := goldens(t, texts)
			t.Logf("%d bytes encoded, %d texts, end %v, begin %v", len(text), len(all), read.Spec.End, read.Spec.Begin)
			compare(t, reread(t, read.Spec), all)
		})
	}
}
