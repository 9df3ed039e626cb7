package tokenizer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// specials finds special tokens in a text.
type specials struct {
	byFirst [256][]Special // by the first byte, the longest first
	control map[int32]bool
	text    map[int32]string
}

func newSpecials(all []Special) specials {
	s := specials{control: map[int32]bool{}, text: map[int32]string{}}
	for _, special := range all {
		first := special.Text[0]
		s.byFirst[first] = append(s.byFirst[first], special)
		s.control[special.ID] = special.Control
		s.text[special.ID] = special.Text
	}
	for _, list := range &s.byFirst {
		slices.SortStableFunc(list, func(a, b Special) int { return len(b.Text) - len(a.Text) })
	}
	return s
}

// found is a special token in a text, with the white space that it swallows.
type found struct {
	begin, end int
	id         int32
}

// find returns the special tokens of a text, from left to right. Allowed says from which byte up
// to which a token may lie; it is asked from left to right.
func (s specials) find(text string, allowed func(begin, end int) bool) []found {
	var all []found
	last := 0
	for i := 0; i < len(text); i++ {
		for _, special := range s.byFirst[text[i]] {
			end := i + len(special.Text)
			if !strings.HasPrefix(text[i:], special.Text) || !allowed(i, end) {
				continue
			}
			if special.Word && (wordBefore(text[:i]) || wordAfter(text[end:])) {
				continue
			}
			f := found{i, end, special.ID}
			if special.Left {
				f.begin = max(last, len(strings.TrimRightFunc(text[:i], unicode.IsSpace)))
			}
			if special.Right {
				f.end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
			}
			all = append(all, f)
			last = f.end
			i = f.end - 1
			break
		}
	}
	return all
}

func wordBefore(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return text != "" && wordRune(r)
}

func wordAfter(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return text != "" && wordRune(r)
}

func wordRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.Is(unicode.Nd, r) || unicode.Is(unicode.Pc, r)
}
