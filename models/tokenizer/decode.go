package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Decoder turns tokens into text, one at a time.
type Decoder struct {
	tokenizer *Tokenizer
	held      []byte // of a character that is not complete
	started   bool   // some text or byte has come
}

// NewDecoder returns a decoder at the start of a text.
func (t *Tokenizer) NewDecoder() *Decoder { return &Decoder{tokenizer: t} }

// NewDecoderWithin returns a decoder in the middle of a text, where a space at the start counts.
func (t *Tokenizer) NewDecoderWithin() *Decoder { return &Decoder{tokenizer: t, started: true} }

// Decode returns the text of tokens. Control tokens and numbers that are not tokens are left out.
func (t *Tokenizer) Decode(ids []int32) string {
	d := t.NewDecoder()
	var text strings.Builder
	for _, id := range ids {
		text.WriteString(d.Next(id))
	}
	text.WriteString(d.Rest())
	return text.String()
}

// Next returns the text that is certain after a token.
func (d *Decoder) Next(id int32) string {
	d.held = append(d.held, d.bytes(id)...)
	complete := len(d.held) - incomplete(d.held)
	text := valid(d.held[:complete])
	d.held = d.held[complete:]
	return text
}

// Rest returns the text of the bytes that were held back, and ends the text.
func (d *Decoder) Rest() string {
	text := valid(d.held)
	d.held = nil
	return text
}

// bytes returns the bytes of a token.
func (d *Decoder) bytes(id int32) []byte {
	t := d.tokenizer
	if text, special := t.specials.text[id]; special {
		if t.specials.control[id] {
			return nil
		}
		d.started = true
		return []byte(text)
	}
	if id < 0 || int(id) >= len(t.begins)-1 {
		return nil
	}
	token := t.token(id)
	if b, ok := t.fallbackByte(token); ok {
		d.started = true
		return []byte{b}
	}
	if t.spec.Space != "" {
		token = strings.ReplaceAll(token, t.spec.Space, " ")
	}
	if !d.started && t.spec.Strip {
		token = strings.TrimPrefix(token, " ")
		d.started = true
	}
	return []byte(token)
}

// incomplete returns the number of bytes at the end that may become a character.
func incomplete(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		end := text[len(text)-n:]
		if utf8.RuneStart(end[0]) {
			if !utf8.FullRune(end) {
				return n
			}
			return 0
		}
	}
	return 0
}

// valid returns a text with U+FFFD in place of each maximal part of a character that is not
// UTF-8.
func valid(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			// The longest start of a character, or one byte.
			for size = min(utf8.UTFMax-1, len(text)); size > 1 && utf8.FullRune(text[:size]); {
				size--
			}
		}
		out.WriteRune(r)
		text = text[size:]
	}
	return out.String()
}
