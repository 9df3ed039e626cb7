package tokenizer

import "strings"

// Part is a piece of a text.
type Part struct {
	Text string
	// Plain says that the names of special tokens in the text are ordinary text.
	Plain bool
}

// Encode returns the tokens of a text in which special tokens count. Begin is not added.
func (t *Tokenizer) Encode(text string) ([]int32, error) {
	return t.EncodeParts([]Part{{Text: text}})
}

// EncodeParts returns the tokens of the text of all parts. Special tokens count only outside of
// plain parts; Begin is not added. It returns an error if a pattern needs too much memory.
// It does not bound the time of a pattern: in a sandbox, the fuel of the program does.
func (t *Tokenizer) EncodeParts(parts []Part) ([]int32, error) {
	var joined strings.Builder
	var plain [][2]int
	for _, p := range parts {
		begin := joined.Len()
		joined.WriteString(p.Text)
		if p.Plain {
			plain = append(plain, [2]int{begin, joined.Len()})
		}
	}
	text := joined.String()
	// Parts come in the order of the text, as the places that find asks for do.
	next := 0
	allowed := func(begin, end int) bool {
		for next < len(plain) && plain[next][1] <= begin {
			next++
		}
		return next == len(plain) || plain[next][0] >= end
	}
	var ids []int32
	var err error
	at := 0
	for _, f := range t.specials.find(text, allowed) {
		if ids, err = t.appendText(ids, text[at:f.begin], at == 0); err != nil {
			return nil, err
		}
		ids = append(ids, f.id)
		at = f.end
	}
	return t.appendText(ids, text[at:], at == 0)
}

// appendText appends the tokens of a text without special tokens.
func (t *Tokenizer) appendText(ids []int32, text string, first bool) ([]int32, error) {
	if text == "" {
		return ids, nil
	}
	text = strings.ToValidUTF8(text, "\ufffd")
	for _, n := range t.spec.Normal {
		text = n.apply(text)
	}
	pieces := []string{text}
	for _, split := range t.splits {
		var smaller []string
		for i, piece := range pieces {
			cut, err := split(piece, first && i == 0)
			if err != nil {
				return nil, err
			}
			smaller = append(smaller, cut...)
		}
		pieces = smaller
	}
	for _, piece := range pieces {
		ids = t.appendWord(ids, piece)
	}
	return ids, nil
}
