package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// gpt2Pattern is the pattern of words of GPT-2, which a ByteLevel step uses unless it is told not to.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// byteForm says how the file writes bytes as characters; see byteOf.
const byteForm = "ByteLevel"

// hfFile is a tokenizer.json.
type hfFile struct {
	Added         []hfAdded `json:"added_tokens"`
	Normalizer    *hfStep   `json:"normalizer"`
	PreTokenizer  *hfStep   `json:"pre_tokenizer"`
	PostProcessor *hfStep   `json:"post_processor"`
	Decoder       *hfStep   `json:"decoder"`
	Model         hfModel   `json:"model"`
}

type hfAdded struct {
	ID      int32  `json:"id"`
	Content string `json:"content"`
	Word    bool   `json:"single_word"`
	Left    bool   `json:"lstrip"`
	Right   bool   `json:"rstrip"`
	Special bool   `json:"special"`
}

type hfModel struct {
	Type        string           `json:"type"`
	Vocab       map[string]int32 `json:"vocab"`
	Merges      []hfMerge        `json:"merges"`
	Unknown     *string          `json:"unk_token"`
	Prefix      *string          `json:"continuing_subword_prefix"`
	Suffix      *string          `json:"end_of_word_suffix"`
	FuseUnknown bool             `json:"fuse_unk"`
	Fallback    bool             `json:"byte_fallback"`
	Whole       bool             `json:"ignore_merges"`
	Dropout     *float64         `json:"dropout"`
}

// hfMerge is written as "left right" or as ["left", "right"].
type hfMerge [2]string

// UnmarshalJSON reads both forms.
func (m *hfMerge) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		var parts []string
		if err := json.Unmarshal(text, &parts); err != nil {
			return err
		}
		if len(parts) != 2 {
			return fmt.Errorf("expected two parts of a merge, found %d", len(parts))
		}
		*m = hfMerge(parts)
		return nil
	}
	var joined string
	if err := json.Unmarshal(text, &joined); err != nil {
		return err
	}
	left, right, ok := strings.Cut(joined, " ")
	if !ok || strings.Contains(right, " ") {
		return fmt.Errorf("expected two parts of a merge with a space between them, found %q", joined)
	}
	*m = hfMerge{left, right}
	return nil
}

// hfStep is a normalizer, pre-tokenizer, post-processor or decoder. Only the fields of its type
// are set.
type hfStep struct {
	Type          string   `json:"type"`
	Normalizers   []hfStep `json:"normalizers"`
	PreTokenizers []hfStep `json:"pretokenizers"`
	Processors    []hfStep `json:"processors"`
	Decoders      []hfStep `json:"decoders"`

	Prepend     string     `json:"prepend"`
	Pattern     *hfPattern `json:"pattern"`
	Content     string     `json:"content"`
	Behavior    string     `json:"behavior"`
	Invert      bool       `json:"invert"`
	AddPrefix   *bool      `json:"add_prefix_space"`
	UseRegex    *bool      `json:"use_regex"`
	Individual  bool       `json:"individual_digits"`
	Replacement string     `json:"replacement"`
	Scheme      string     `json:"prepend_scheme"`
	Split       *bool      `json:"split"`
	Start       int        `json:"start"`
	Stop        int        `json:"stop"`

	Single  []hfPiece            `json:"single"`
	Special map[string]hfSpecial `json:"special_tokens"`
}

type hfPattern struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

type hfPiece struct {
	Special *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
	Sequence *struct{} `json:"Sequence"`
}

type hfSpecial struct {
	IDs []int32 `json:"ids"`
}

// ReadHuggingFace reads a tokenizer.json. It refuses models that are not of byte-pair encoding and
// steps that the package does not have. End stays empty: another file holds it.
func ReadHuggingFace(text []byte) (Spec, error) {
	var file hfFile
	if err := json.Unmarshal(text, &file); err != nil {
		return Spec{}, fmt.Errorf("expected a tokenizer.json: %w", err)
	}
	spec := Spec{Version: SpecVersion}
	if err := errors.Join(
		addNormal(&spec, file.Normalizer), addSplit(&spec, file.PreTokenizer),
		addDecoder(&spec, file.Decoder), addBegin(&spec, file.PostProcessor),
	); err != nil {
		return Spec{}, err
	}
	if err := addModel(&spec, file.Model); err != nil {
		return Spec{}, err
	}
	for _, a := range file.Added {
		spec.Special = append(spec.Special, Special{ID: a.ID, Text: a.Content, Control: a.Special, Word: a.Word, Left: a.Left, Right: a.Right})
	}
	if _, err := New(spec); err != nil {
		return Spec{}, err
	}
	return spec, nil
}

func addModel(spec *Spec, model hfModel) error {
	if model.Type != "" && model.Type != "BPE" || len(model.Vocab) == 0 {
		return fmt.Errorf("model: expected BPE with a vocabulary, found %q with %d tokens", model.Type, len(model.Vocab))
	}
	if model.Prefix != nil && *model.Prefix != "" || model.Suffix != nil && *model.Suffix != "" || model.Dropout != nil && *model.Dropout != 0 {
		return errors.New("model: expected no continuing_subword_prefix, end_of_word_suffix and dropout")
	}
	spec.FuseUnknown, spec.Fallback, spec.Whole = model.FuseUnknown, model.Fallback, model.Whole
	if model.Unknown != nil {
		id, ok := model.Vocab[*model.Unknown]
		if !ok {
			return fmt.Errorf("model: expected unk_token %q in the vocabulary, found none", *model.Unknown)
		}
		spec.Unknown = &id
	}
	tokens, err := tokenList(model.Vocab)
	if err != nil {
		return err
	}
	merges := make([]merge, len(model.Merges))
	for i, m := range model.Merges {
		left, ok := model.Vocab[m[0]]
		right, alsoRight := model.Vocab[m[1]]
		result, alsoResult := model.Vocab[m[0]+m[1]]
		if !ok || !alsoRight || !alsoResult {
			return fmt.Errorf("model: merge %d: expected %q, %q and their result in the vocabulary", i, m[0], m[1])
		}
		merges[i] = merge{left, right, result}
	}
	if spec.Bytes {
		tokens = plainBytes(tokens)
	}
	spec.Tokens, spec.Merges = packTokens(tokens), packMerges(merges)
	return nil
}

// tokenList orders a vocabulary by its numbers. Gaps are empty.
func tokenList(vocab map[string]int32) ([]string, error) {
	size := int32(0)
	for token, id := range vocab {
		if id < 0 || id >= maxTokens {
			return nil, fmt.Errorf("model: token %q: expected a number below %d, found %d", token, maxTokens, id)
		}
		size = max(size, id+1)
	}
	tokens := make([]string, size)
	for token, id := range vocab {
		if tokens[id] != "" {
			return nil, fmt.Errorf("model: expected a number of its own for each token, found %d for %q and %q", id, tokens[id], token)
		}
		tokens[id] = token
	}
	return tokens, nil
}

// byteOf returns the byte that a character stands for. Characters that can be printed stand for
// themselves, and the others of Latin-1 are moved, in their order, behind U+00FF.
func byteOf(r rune) (byte, bool) {
	moved := func(b int) bool { return b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad }
	if r < 0x100 {
		return byte(r), r >= 0 && !moved(int(r))
	}
	next := rune(0x100)
	for b := range 0x100 {
		if !moved(b) {
			continue
		}
		if next == r {
			return byte(b), true
		}
		next++
	}
	return 0, false
}

// plainBytes returns tokens as bytes. A token with a character that does not stand for a byte stays
// as it is; no text leads to it, but it can be decoded.
func plainBytes(tokens []string) []string {
	table := map[rune]byte{}
	for r := range rune(0x200) {
		if b, ok := byteOf(r); ok {
			table[r] = b
		}
	}
	out := make([]string, len(tokens))
	for i, token := range tokens {
		bytes := make([]byte, 0, len(token))
		for _, r := range token {
			b, ok := table[r]
			if !ok {
				bytes = []byte(token)
				break
			}
			bytes = append(bytes, b)
		}
		out[i] = string(bytes)
	}
	return out
}

// addBegin finds the tokens that a text begins with.
func addBegin(spec *Spec, step *hfStep) error {
	if step == nil {
		return nil
	}
	switch step.Type {
	case "Sequence":
		for i := range step.Processors {
			if err := addBegin(spec, &step.Processors[i]); err != nil {
				return err
			}
		}
		return nil
	case byteForm:
		return nil
	case "TemplateProcessing":
		text := slices.IndexFunc(step.Single, func(p hfPiece) bool { return p.Sequence != nil })
		if text < 0 || text != len(step.Single)-1 {
			return errors.New("post_processor: expected no tokens behind the text, found some")
		}
		for _, p := range step.Single[:text] {
			if p.Special == nil || len(step.Special[p.Special.ID].IDs) == 0 {
				return errors.New("post_processor: expected the numbers of the tokens in front of the text, found none")
			}
			spec.Begin = append(spec.Begin, step.Special[p.Special.ID].IDs...)
		}
		return nil
	}
	return fmt.Errorf("post_processor: expected ByteLevel, TemplateProcessing or a Sequence, found %q", step.Type)
}
