package tokenizer

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/dlclark/regexp2/v2"
)

// Ways to treat a match.
const (
	Isolated           = "Isolated"
	Removed            = "Removed"
	MergedWithPrevious = "MergedWithPrevious"
	MergedWithNext     = "MergedWithNext"
)

// splitter cuts a piece of a text. First says that the piece begins the whole text.
type splitter func(piece string, first bool) ([]string, error)

func newSplitter(s Split, space string) (splitter, error) {
	set := 0
	for _, field := range []string{s.Pattern, s.Digits, s.Prefix, s.Metaspace} {
		if field != "" {
			set++
		}
	}
	if set != 1 {
		return nil, fmt.Errorf("split: expected one of pattern, digits, prefix and metaspace, found %d", set)
	}
	switch {
	case s.Pattern != "":
		return patternSplitter(s)
	case s.Digits == "each" || s.Digits == "rows":
		return func(piece string, _ bool) ([]string, error) { return splitDigits(piece, s.Digits == "each"), nil }, nil
	case s.Prefix != "":
		return func(piece string, _ bool) ([]string, error) {
			if piece != "" && !strings.HasPrefix(piece, s.Prefix) {
				piece = s.Prefix + piece
			}
			return []string{piece}, nil
		}, nil
	case s.Digits == "" && space != "" && (s.Metaspace == "always" || s.Metaspace == "first" || s.Metaspace == "never"):
		return func(piece string, first bool) ([]string, error) { return splitSpace(piece, first, space, s), nil }, nil
	}
	return nil, fmt.Errorf("split: expected digits each or rows, or metaspace always, first or never with a text for spaces, found %q and %q", s.Digits, s.Metaspace)
}

func splitSpace(piece string, first bool, space string, s Split) []string {
	piece = strings.ReplaceAll(piece, " ", space)
	if (s.Metaspace == "always" || s.Metaspace == "first" && first) && piece != "" && !strings.HasPrefix(piece, space) {
		piece = space + piece
	}
	if !s.Cut {
		return []string{piece}
	}
	var pieces []string
	for piece != "" {
		next := strings.Index(piece[1:], space) + 1
		if next == 0 {
			next = len(piece)
		}
		pieces = append(pieces, piece[:next])
		piece = piece[next:]
	}
	return pieces
}

func splitDigits(piece string, each bool) []string {
	var pieces []string
	begin := 0
	before := false
	for i, r := range piece {
		digit := unicode.IsNumber(r)
		if i > begin && (digit != before || digit && each) {
			pieces = append(pieces, piece[begin:i])
			begin = i
		}
		before = digit
	}
	if begin < len(piece) {
		pieces = append(pieces, piece[begin:])
	}
	return pieces
}

func patternSplitter(s Split) (splitter, error) {
	switch s.How {
	case Isolated, Removed, MergedWithPrevious, MergedWithNext:
	default:
		return nil, fmt.Errorf("split: expected how Isolated, Removed, MergedWithPrevious or MergedWithNext, found %q", s.How)
	}
	if len(s.Pattern) > maxPattern {
		return nil, fmt.Errorf("split: expected a pattern of at most %d bytes, found %d", maxPattern, len(s.Pattern))
	}
	pattern, err := regexp2.Compile(s.Pattern)
	if err != nil {
		return nil, fmt.Errorf("split: pattern %q: %w", s.Pattern, err)
	}
	return func(piece string, _ bool) ([]string, error) {
		spans, err := match(pattern, []rune(piece), s.Invert)
		if err != nil {
			return nil, fmt.Errorf("split: pattern %q: %w", s.Pattern, err)
		}
		return treat(spans, s.How), nil
	}, nil
}

// span is a piece that matched or lies between matches.
type span struct {
	text    string
	matched bool
}

func match(pattern *regexp2.Regexp, text []rune, invert bool) ([]span, error) {
	var spans []span
	end := 0
	m, err := pattern.FindRunesMatch(text)
	for ; m != nil && err == nil; m, err = pattern.FindNextMatch(m) {
		if m.RuneLength == 0 {
			continue
		}
		if m.RuneIndex > end {
			spans = append(spans, span{string(text[end:m.RuneIndex]), invert})
		}
		end = m.RuneIndex + m.RuneLength
		spans = append(spans, span{string(text[m.RuneIndex:end]), !invert})
	}
	if err != nil {
		return nil, err
	}
	if end < len(text) {
		spans = append(spans, span{string(text[end:]), invert})
	}
	return spans, nil
}

// treat turns spans into pieces.
func treat(spans []span, how string) []string {
	var pieces []string
	merged := false // the next span goes to the last piece
	for i, s := range spans {
		switch {
		case how == Removed && s.matched:
		case how == MergedWithPrevious && s.matched && i > 0 && !spans[i-1].matched, merged:
			pieces[len(pieces)-1] += s.text
		default:
			pieces = append(pieces, s.text)
		}
		merged = how == MergedWithNext && s.matched && i+1 < len(spans) && !spans[i+1].matched
	}
	return pieces
}
