package sample

import "strings"

// Stop looks for words that end a text while the text comes in pieces.
type Stop struct {
	words []string
	held  string
}

// NewStop returns a search for words; empty ones are left out.
func NewStop(words []string) *Stop {
	s := &Stop{}
	for _, w := range words {
		if w != "" {
			s.words = append(s.words, w)
		}
	}
	return s
}

// Next takes a piece of text. It returns the text that is certain not to belong to a stop word, and
// whether a stop word has come. The text ends in front of the stop word that begins first.
func (s *Stop) Next(piece string) (text string, stopped bool) {
	all := s.held + piece
	end := -1
	for _, w := range s.words {
		if i := strings.Index(all, w); i >= 0 && (end < 0 || i < end) {
			end = i
		}
	}
	if end >= 0 {
		s.held = ""
		return all[:end], true
	}
	keep := 0
	for _, w := range s.words {
		for n := min(len(w)-1, len(all)); n > keep; n-- {
			if strings.HasSuffix(all, w[:n]) {
				keep = n
				break
			}
		}
	}
	s.held = all[len(all)-keep:]
	return all[:len(all)-keep], false
}

// Rest returns the text that was held back, at the end of a text.
func (s *Stop) Rest() string {
	rest := s.held
	s.held = ""
	return rest
}
