// Package tokenizer turns text into the symbols a character model knows, and
// back. A symbol is the index of a byte in a sorted alphabet.
package tokenizer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Start is the character that precedes every text: the models here learn
// one paragraph per line, so a line break is what comes before a first word.
const Start = '\n'

// MaxSymbols is the largest alphabet: one symbol for each ASCII character.
const MaxSymbols = utf8.RuneSelf

// Alphabet maps ASCII characters to symbols 0 … Size()-1. The zero value knows
// no character; use New or FromText.
type Alphabet struct {
	characters []byte
	symbols    [MaxSymbols]int16 // -1 where the character is unknown
}

// New makes the alphabet of the given characters, which must be ASCII, strictly
// increasing and include Start.
func New(characters []byte) (*Alphabet, error) {
	alphabet := &Alphabet{characters: slices.Clone(characters)}
	for i := range alphabet.symbols {
		alphabet.symbols[i] = -1
	}
	for i, c := range characters {
		if c >= MaxSymbols {
			return nil, fmt.Errorf("alphabet: expected ascii below 0x80, found 0x%02x at position %d", c, i)
		}
		if i > 0 && c <= characters[i-1] {
			return nil, fmt.Errorf("alphabet: expected strictly increasing characters, found %q after %q", c, characters[i-1])
		}
		alphabet.symbols[c] = int16(i)
	}
	if alphabet.symbols[Start] < 0 {
		return nil, fmt.Errorf("alphabet: expected a line break among %d characters, found none", len(characters))
	}
	return alphabet, nil
}

// FromText makes the alphabet of all characters that occur in text, and Start.
func FromText(text []byte) (*Alphabet, error) {
	characters := append(slices.Clone(text), Start)
	slices.Sort(characters)
	return New(slices.Compact(characters))
}

// Size is the number of symbols.
func (a *Alphabet) Size() int { return len(a.characters) }

// Characters returns a copy of the characters in symbol order.
func (a *Alphabet) Characters() []byte { return slices.Clone(a.characters) }

// Character returns the character of a symbol below Size.
func (a *Alphabet) Character(symbol int) byte { return a.characters[symbol] }

// Encode returns one symbol per character of text. Typographic quotes, dashes
// and spaces are folded to ASCII first; any other character outside of the
// alphabet is an error that names it and its byte offset in the folded text.
func (a *Alphabet) Encode(text []byte) ([]int, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("text: expected utf-8, found invalid bytes; save the text as utf-8")
	}
	folded := fold(text)
	symbols := make([]int, 0, len(folded))
	for offset, r := range folded {
		if r >= MaxSymbols || a.symbols[r] < 0 {
			return nil, fmt.Errorf("text: expected characters of the model's alphabet %q, found %q at byte %d; replace or remove it",
				a.characters, r, offset)
		}
		symbols = append(symbols, int(a.symbols[r]))
	}
	return symbols, nil
}

// Decode returns the text of symbols, each below Size.
func (a *Alphabet) Decode(symbols []int) []byte {
	var text bytes.Buffer
	for _, symbol := range symbols {
		text.WriteByte(a.characters[symbol])
	}
	return text.Bytes()
}

// fold replaces what word processors make of plain quotes, dashes and spaces.
func fold(text []byte) string {
	return strings.NewReplacer(
		"\r\n", "\n", "\t", " ", "\u00a0", " ", "\ufeff", "",
		"\u2018", "'", "\u2019", "'", "\u201c", `"`, "\u201d", `"`,
		"\u2013", "-", "\u2014", "--", "\u2026", "...",
	).Replace(string(text))
}
