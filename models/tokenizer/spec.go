package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// SpecVersion is the version of the form that this package writes and reads.
const SpecVersion = 1

// Bounds of a Spec.
const (
	maxTokens   = 1 << 22
	maxSteps    = 16
	maxSpecials = 1 << 16
	maxPattern  = 4096
)

// Spec is everything that defines a tokenizer. Encode writes it and Parse reads it.
type Spec struct {
	Version int `json:"version"`
	// Bytes says that words consist of bytes. Otherwise they consist of characters.
	Bytes bool `json:"bytes"`
	// Tokens is the packed vocabulary: for each number from 0 on the length of the token in bytes
	// (an unsigned varint) and the bytes. An empty token is a gap.
	Tokens []byte `json:"tokens"`
	// Merges is the packed list of merges, the first to be made first: the numbers of the left and
	// the right part (unsigned varints), and the number of the result less that of the result
	// before it (a signed varint).
	Merges []byte `json:"merges"`
	// Shared says that successive merges with one result have one rank.
	Shared bool `json:"shared,omitempty"`
	// Whole says that a word that is a token is not merged but taken.
	Whole bool `json:"whole,omitempty"`
	// Fallback says that a character that the vocabulary does not have becomes the tokens <0x00> to
	// <0xFF> of its bytes, which are tokens of bytes when decoding too.
	Fallback bool `json:"fallback,omitempty"`
	// Unknown is the number of the token for all other characters that the vocabulary does not
	// have. Without it they are left out.
	Unknown *int32 `json:"unknown,omitempty"`
	// FuseUnknown says that a row of unknown characters becomes one token.
	FuseUnknown bool `json:"fuse_unknown,omitempty"`
	// Normal are the steps that change a text before it is cut into words.
	Normal []Normal `json:"normal,omitempty"`
	// Split are the steps that cut a text into words.
	Split []Split `json:"split,omitempty"`
	// Space is the text that stands for a space in tokens and becomes one when decoding.
	Space string `json:"space,omitempty"`
	// Strip says that a space at the start of a decoded text is left out.
	Strip bool `json:"strip,omitempty"`
	// Special are tokens that are found in a text before anything else.
	Special []Special `json:"special,omitempty"`
	// Begin are the numbers that a text begins with.
	Begin []int32 `json:"begin,omitempty"`
	// End are the numbers after which a model has nothing to say.
	End []int32 `json:"end,omitempty"`
}

// Normal is a step that changes a text. One field is set.
type Normal struct {
	// Form is a Unicode normalization form: NFC, NFD, NFKC or NFKD.
	Form string `json:"form,omitempty"`
	// Prepend is put in front of a text that is not empty.
	Prepend string `json:"prepend,omitempty"`
	// Replace is put in place of each occurrence of a text.
	Replace *Replace `json:"replace,omitempty"`
}

// Replace names a text that is put in place of another.
type Replace struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// Split is a step that cuts each piece of a text into smaller ones. One of Pattern, Digits, Prefix
// and Metaspace is set.
type Split struct {
	// Pattern is a regular expression, in the syntax of the library regexp2.
	Pattern string `json:"pattern,omitempty"`
	// How says what becomes of a match: Isolated, Removed, MergedWithPrevious or MergedWithNext.
	How string `json:"how,omitempty"`
	// Invert says that How applies to the text between matches.
	Invert bool `json:"invert,omitempty"`
	// Digits is "each" to cut around each number, and "rows" to cut around rows of them.
	Digits string `json:"digits,omitempty"`
	// Prefix is put in front of each piece that does not begin with it.
	Prefix string `json:"prefix,omitempty"`
	// Metaspace replaces spaces by Space, puts Space in front ("always", "first" for the start of
	// the whole text, or "never"), and cuts in front of each Space if Cut is set.
	Metaspace string `json:"metaspace,omitempty"`
	Cut       bool   `json:"cut,omitempty"`
}

// Special is a token that is found in a text before anything else.
type Special struct {
	ID   int32  `json:"id"`
	Text string `json:"text"`
	// Control says that the token is left out of decoded text.
	Control bool `json:"control,omitempty"`
	// Word says that the token counts only between characters that are not part of a word.
	Word bool `json:"word,omitempty"`
	// Left and Right say that the token swallows the white space before and behind it.
	Left  bool `json:"left,omitempty"`
	Right bool `json:"right,omitempty"`
}

// Encode returns the one encoding of a spec as JSON.
func (s Spec) Encode() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// Parse reads an encoding. New checks what it says.
func Parse(text []byte) (Spec, error) {
	var s Spec
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return Spec{}, fmt.Errorf("expected the JSON of a tokenizer: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Spec{}, errors.New("expected one JSON object as tokenizer, found more behind it")
	}
	if s.Version != SpecVersion {
		return Spec{}, fmt.Errorf("expected a tokenizer of version %d, found %d: convert the model again", SpecVersion, s.Version)
	}
	return s, nil
}

// check refuses numbers that name no token, and steps that do not exist.
func (s Spec) check(tokens int) error {
	if s.Unknown != nil && (*s.Unknown < 0 || int(*s.Unknown) >= tokens) {
		return fmt.Errorf("unknown: expected a token below %d, found %d", tokens, *s.Unknown)
	}
	if len(s.Normal) > maxSteps || len(s.Split) > maxSteps || len(s.Special) > maxSpecials {
		return fmt.Errorf("expected at most %d steps and %d special tokens, found %d, %d and %d", maxSteps, maxSpecials, len(s.Normal), len(s.Split), len(s.Special))
	}
	for _, special := range s.Special {
		if special.Text == "" || special.ID < 0 || special.ID >= maxTokens {
			return fmt.Errorf("special token: expected a text and a number below %d, found %q and %d", maxTokens, special.Text, special.ID)
		}
	}
	for _, ids := range [][]int32{s.Begin, s.End} {
		for _, id := range ids {
			if id < 0 || id >= maxTokens {
				return fmt.Errorf("begin and end: expected numbers below %d, found %d", maxTokens, id)
			}
		}
	}
	return nil
}
