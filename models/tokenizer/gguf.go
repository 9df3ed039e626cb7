package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Values is the metadata of a GGUF file: numbers as uint64, int64 or float64, text as string,
// lists as []any, and nil for a key that is not there.
type Values interface {
	Value(key string) any
}

// Kinds of tokens in GGUF.
const (
	ggufUnknown = 2
	ggufControl = 3
	ggufUser    = 4
)

// Patterns of words that GGUF names instead of writing them down.
const (
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// ReadGGUF reads the tokenizer of a GGUF file: gpt2 (over bytes) with the words of Llama 3, Qwen2,
// SmolLM or GPT-2, or llama (over characters, with scores in place of merges).
func ReadGGUF(values Values) (Spec, error) {
	g := ggufReader{values: values}
	tokens, kinds := g.texts("tokens"), g.numbers("token_type")
	if g.err != nil {
		return Spec{}, g.err
	}
	if len(tokens) == 0 || len(tokens) > maxTokens || len(kinds) != 0 && len(kinds) != len(tokens) {
		return Spec{}, fmt.Errorf("tokenizer.ggml: expected 1 to %d tokens and a type for each, found %d and %d", maxTokens, len(tokens), len(kinds))
	}
	spec := Spec{Version: SpecVersion}
	var err error
	switch model := g.text("model"); model {
	case "gpt2":
		err = g.addBytes(&spec, tokens)
	case "llama":
		err = g.addScored(&spec, tokens, kinds)
	default:
		err = fmt.Errorf("tokenizer.ggml.model: expected gpt2 or llama, found %q", model)
	}
	if err != nil {
		return Spec{}, err
	}
	for id, kind := range kinds {
		if kind == ggufUnknown || kind == ggufControl || kind == ggufUser {
			if tokens[id] != "" {
				spec.Special = append(spec.Special, Special{ID: int32(id), Text: tokens[id], Control: kind != ggufUser})
			}
		}
	}
	if err := g.addEnds(&spec, tokens); err != nil {
		return Spec{}, err
	}
	if _, err := New(spec); err != nil {
		return Spec{}, err
	}
	return spec, nil
}

// ggufReader reads values below tokenizer.ggml. After an error it returns nothing.
type ggufReader struct {
	values Values
	err    error
}

func (g *ggufReader) value(name string) any { return g.values.Value("tokenizer.ggml." + name) }

func (g *ggufReader) text(name string) string {
	text, _ := g.value(name).(string)
	return text
}

func (g *ggufReader) list(name string) []any {
	value := g.value(name)
	list, ok := value.([]any)
	if !ok && value != nil {
		g.err = errors.Join(g.err, fmt.Errorf("tokenizer.ggml.%s: expected a list, found %T", name, value))
	}
	return list
}

func (g *ggufReader) texts(name string) []string {
	list := g.list(name)
	texts := make([]string, len(list))
	for i, v := range list {
		text, ok := v.(string)
		if !ok {
			g.err = errors.Join(g.err, fmt.Errorf("tokenizer.ggml.%s: expected texts, found %T", name, v))
			return nil
		}
		texts[i] = text
	}
	return texts
}

func (g *ggufReader) numbers(name string) []float64 {
	list := g.list(name)
	numbers := make([]float64, len(list))
	for i, v := range list {
		switch n := v.(type) {
		case int64:
			numbers[i] = float64(n)
		case uint64:
			numbers[i] = float64(n)
		case float64:
			numbers[i] = n
		default:
			g.err = errors.Join(g.err, fmt.Errorf("tokenizer.ggml.%s: expected numbers, found %T", name, v))
			return nil
		}
	}
	return numbers
}

// flag reads a boolean, or returns what holds without it.
func (g *ggufReader) flag(name string, otherwise bool) bool {
	if flag, ok := g.value(name).(bool); ok {
		return flag
	}
	return otherwise
}

// addBytes adds a vocabulary over bytes with its merges.
func (g *ggufReader) addBytes(spec *Spec, tokens []string) error {
	spec.Bytes = true
	words := Split{Pattern: gpt2Pattern, How: Isolated}
	switch pre := g.text("pre"); pre {
	case "llama-bpe", "llama3", "llama-v3":
		words.Pattern, spec.Whole = llama3Pattern, true
	case "qwen2":
		words.Pattern = qwen2Pattern
		spec.Normal = []Normal{{Form: "NFC"}}
	case "smollm":
		spec.Split = []Split{{Digits: "each"}}
	case "gpt-2":
	default:
		return fmt.Errorf("tokenizer.ggml.pre: expected llama-bpe, qwen2, smollm or gpt-2, found %q: convert from a file with tokenizer.json", pre)
	}
	spec.Split = append(spec.Split, words)
	ids := make(map[string]int32, len(tokens))
	for id, token := range tokens {
		ids[token] = int32(id)
	}
	var merges []merge
	for i, text := range g.texts("merges") {
		left, right, ok := strings.Cut(text, " ")
		l, hasLeft := ids[left]
		r, hasRight := ids[right]
		result, hasResult := ids[left+right]
		if !ok || !hasLeft || !hasRight || !hasResult {
			return fmt.Errorf("tokenizer.ggml.merges: merge %d: expected two tokens and their result in the vocabulary, found %q", i, text)
		}
		merges = append(merges, merge{l, r, result})
	}
	if g.err != nil {
		return g.err
	}
	spec.Tokens, spec.Merges = packTokens(plainBytes(tokens)), packMerges(merges)
	return nil
}

// addScored adds a vocabulary over characters. Two neighbours whose text is a token are joined in
// the order of the scores of these tokens.
func (g *ggufReader) addScored(spec *Spec, tokens []string, kinds []float64) error {
	scores := g.numbers("scores")
	if g.err != nil {
		return g.err
	}
	if len(scores) != len(tokens) || len(kinds) != len(tokens) {
		return fmt.Errorf("tokenizer.ggml: expected a score and a type for each of %d tokens, found %d and %d", len(tokens), len(scores), len(kinds))
	}
	spec.Space, spec.Fallback, spec.FuseUnknown, spec.Shared = "▁", true, true, true
	if g.flag("add_space_prefix", true) {
		spec.Normal = append(spec.Normal, Normal{Prepend: spec.Space})
		spec.Strip = true
	}
	spec.Normal = append(spec.Normal, Normal{Replace: &Replace{Old: " ", New: spec.Space}})
	ids := make(map[string]int32, len(tokens))
	var order []int32
	for id, token := range tokens {
		if kinds[id] == ggufUnknown {
			unknown := int32(id)
			spec.Unknown = &unknown
		}
		if _, twice := ids[token]; kinds[id] == 1 && !twice && token != "" {
			ids[token] = int32(id)
			order = append(order, int32(id))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	var merges []merge
	for _, id := range order {
		token := tokens[id]
		_, size := utf8.DecodeRuneInString(token)
		for at := size; at < len(token); at += size {
			left, ok := ids[token[:at]]
			right, also := ids[token[at:]]
			if ok && also {
				merges = append(merges, merge{left, right, id})
			}
			_, size = utf8.DecodeRuneInString(token[at:])
		}
	}
	spec.Tokens, spec.Merges = packTokens(tokens), packMerges(merges)
	return nil
}

// addEnds adds the tokens at the ends of a text. Besides those that the file numbers, those end a
// text that are known for it by their names.
func (g *ggufReader) addEnds(spec *Spec, tokens []string) error {
	id := func(name string) (int32, bool, error) {
		value := g.value(name)
		if value == nil {
			return 0, false, nil
		}
		n, ok := value.(uint64)
		if !ok || n >= uint64(len(tokens)) {
			return 0, false, fmt.Errorf("tokenizer.ggml.%s: expected a token below %d, found %v", name, len(tokens), value)
		}
		return int32(n), true, nil
	}
	// Without the flag, vocabularies over characters and that of Llama 3, which alone takes words
	// whole, have a token that begins a text.
	if g.flag("add_bos_token", !spec.Bytes || spec.Whole) {
		begin, ok, err := id("bos_token_id")
		if err != nil {
			return err
		}
		if ok {
			spec.Begin = []int32{begin}
		}
	}
	for _, name := range []string{"eos_token_id", "eot_token_id", "eom_token_id"} {
		end, ok, err := id(name)
		if err != nil {
			return err
		}
		if ok && !slices.Contains(spec.End, end) {
			spec.End = append(spec.End, end)
		}
	}
	for _, s := range spec.Special {
		known := slices.Contains([]string{"<|eot_id|>", "<|im_end|>", "<|end|>", "<|endoftext|>", "<|end_of_text|>"}, s.Text)
		if known && s.Control && !slices.Contains(spec.End, s.ID) {
			spec.End = append(spec.End, s.ID)
		}
	}
	return nil
}
