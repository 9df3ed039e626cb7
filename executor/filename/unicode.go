package filename

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Version is the version of Unicode on which all answers are based.
const Version = "15.0.0"

// unicodeText has a line for each fact: "a FIRST LAST" for code points that are
// assigned, "c CLASS FIRST LAST" for combining classes, "d FROM TO…" for canonical
// decompositions in full, "f FROM TO…" for full case foldings. Numbers are hexadecimal,
// each first one as the distance to that of the line before in its kind. Hangul
// syllables are decomposed by rule.
//
//go:embed unicode15.txt
var unicodeText string

// tables parses the text once. The result does not change afterwards.
var tables = sync.OnceValue(func() *unicodeTables { return parseTables(unicodeText) })

type unicodeTables struct {
	ranges         []span // assigned code points, in order
	classes        map[rune]uint8
	decompositions map[rune]string
	foldings       map[rune]string
}

// span contains the code points from first to last.
type span struct{ first, last rune }

func parseTables(text string) *unicodeTables {
	t := &unicodeTables{classes: map[rune]uint8{}, decompositions: map[rune]string{}, foldings: map[rune]string{}}
	at := map[string]rune{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		kind, numbers := fields[0], make([]rune, len(fields)-1)
		for i, field := range fields[1:] {
			n, err := strconv.ParseInt(field, 16, 32)
			if err != nil {
				panic("filename: table of Unicode: " + err.Error()) // the table is part of the program
			}
			numbers[i] = rune(n)
		}
		class := uint8(0)
		if kind == "c" {
			class, numbers = uint8(numbers[0]), numbers[1:]
		}
		at[kind] += numbers[0]
		first := at[kind]
		switch kind {
		case "a":
			t.ranges = append(t.ranges, span{first, first + numbers[1]})
		case "c":
			for r := first; r <= first+numbers[1]; r++ {
				t.classes[r] = class
			}
		case "d":
			t.decompositions[first] = string(numbers[1:])
		case "f":
			t.foldings[first] = string(numbers[1:])
		}
	}
	return t
}

// assigned reports whether a code point has a meaning in this version of Unicode.
func assigned(r rune) bool {
	ranges := tables().ranges
	_, found := slices.BinarySearchFunc(ranges, r, func(s span, r rune) int {
		switch {
		case s.last < r:
			return -1
		case s.first > r:
			return 1
		}
		return 0
	})
	return found
}

// These constants describe Hangul syllables, Unicode section 3.12.
const (
	syllables, lead, vowel, trail      = 0xac00, 0x1100, 0x1161, 0x11a7
	leads, vowels, trails         rune = 19, 21, 28
)

// decomposed returns the canonical decomposition, with marks in canonical order.
func (t *unicodeTables) decomposed(runes []rune) []rune {
	out := make([]rune, 0, len(runes)+8)
	for _, r := range runes {
		if s := r - syllables; s >= 0 && s < leads*vowels*trails {
			out = append(out, lead+s/(vowels*trails), vowel+s%(vowels*trails)/trails)
			if s%trails > 0 {
				out = append(out, trail+s%trails)
			}
			continue
		}
		if to, found := t.decompositions[r]; found {
			out = append(out, []rune(to)...)
		} else {
			out = append(out, r)
		}
	}
	for start := 0; start < len(out); start++ {
		if t.classes[out[start]] == 0 {
			continue
		}
		end := start
		for end < len(out) && t.classes[out[end]] > 0 {
			end++
		}
		slices.SortStableFunc(out[start:end], func(a, b rune) int { return int(t.classes[a]) - int(t.classes[b]) })
		start = end
	}
	return out
}

// ignorable reports whether a code point is not shown (Default_Ignorable_Code_Point). Some
// file systems compare names as if such code points were absent.
func ignorable(r rune) bool {
	for _, s := range [...]span{
		{0xad, 0xad},
		{0x34f, 0x34f},
		{0x61c, 0x61c},
		{0x115f, 0x1160},
		{0x17b4, 0x17b5},
		{0x180b, 0x180f},
		{0x200b, 0x200f},
		{0x202a, 0x202e},
		{0x2060, 0x206f},
		{0x3164, 0x3164},
		{0xfe00, 0xfe0f},
		{0xfeff, 0xfeff},
		{0xffa0, 0xffa0},
		{0xfff0, 0xfff8},
		{0x1bca0, 0x1bca3},
		{0x1d173, 0x1d17a},
		{0xe0000, 0xe0fff},
	} {
		if s.first <= r && r <= s.last {
			return true
		}
	}
	return false
}
