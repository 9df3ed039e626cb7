package filename

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

var update = flag.Bool("update", false, "write unicode15.txt anew")

// tableDigest is the digest of unicode15.txt. Nodes with other tables would refuse other
// names.
const tableDigest = "bab66f01630faa8abcd9e4b851899891bfe9677a55474eb75241283b02e7b061"

func TestTheTablesAreThoseOfTheProfile(t *testing.T) {
	if *update {
		require.Equal(t, Version, unicode.Version)
		require.Equal(t, Version, norm.Version)
		require.Equal(t, Version, cases.UnicodeVersion)
		require.NoError(t, os.WriteFile("unicode15.txt", []byte(generated()), 0o644))
		return
	}
	require.Equal(t, tableDigest, fmt.Sprintf("%x", sha256.Sum256([]byte(unicodeText))),
		"any change of the tables is a new profile")
}

func codePoints(visit func(r rune)) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r < 0xd800 || r > 0xdfff {
			visit(r)
		}
	}
}

func isAssigned(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co)
}

// folding returns the full case folding of a code point. The library swaps the capital and
// small letters of Cherokee, but Unicode folds both to the capital.
func folding(r rune) string {
	to := cases.Fold().String(string(r))
	if unicode.IsUpper(r) && cases.Fold().String(to) == string(r) {
		return string(r)
	}
	return to
}

func class(r rune) uint8 { return norm.NFD.PropertiesString(string(r)).CCC() }

// generated returns the tables as they follow from the libraries.
func generated() string {
	var b strings.Builder
	last := map[string]rune{}
	line := func(kind, before string, r rune, rest ...rune) {
		fmt.Fprintf(&b, "%s%s %x", kind, before, r-last[kind])
		last[kind] = r
		for _, n := range rest {
			fmt.Fprintf(&b, " %x", n)
		}
		b.WriteByte('\n')
	}
	runs := func(kind string, value func(r rune) uint8, before func(v uint8) string) {
		first, end, v := rune(0), rune(-1), uint8(0)
		flush := func() {
			if v > 0 {
				line(kind, before(v), first, end-first)
			}
		}
		codePoints(func(r rune) {
			if now := value(r); now != v || r != end+1 {
				flush()
				first, v = r, now
			}
			end = r
		})
		flush()
	}
	runs("a", func(r rune) uint8 {
		if isAssigned(r) {
			return 1
		}
		return 0
	}, func(uint8) string { return "" })
	runs("c", class, func(v uint8) string { return fmt.Sprintf(" %x", v) })
	codePoints(func(r rune) {
		if to := norm.NFD.String(string(r)); to != string(r) && (r < syllables || r >= syllables+leads*vowels*trails) {
			line("d", "", r, []rune(to)...)
		}
	})
	codePoints(func(r rune) {
		if to := folding(r); to != string(r) {
			line("f", "", r, []rune(to)...)
		}
	})
	return b.String()
}

// TestTheTablesAgreeWithTheLibraries compares the tables with the libraries. Later versions of
// Unicode do not change assigned characters, so newer libraries give the same answers about
// them.
func TestTheTablesAgreeWithTheLibraries(t *testing.T) {
	table := tables()
	codePoints(func(r rune) {
		if unicode.Version == Version && assigned(r) != isAssigned(r) {
			t.Errorf("%U: assigned %t", r, assigned(r))
		}
		if !assigned(r) {
			return
		}
		one := string(r)
		if !isAssigned(r) || table.classes[r] != class(r) || string(table.decomposed([]rune{r})) != norm.NFD.String(one) {
			t.Errorf("%U: class %d, decomposition %q", r, table.classes[r], string(table.decomposed([]rune{r})))
		}
		folded, found := table.foldings[r]
		if !found {
			folded = one
		}
		if folded != folding(r) {
			t.Errorf("%U: folding %q", r, folded)
		}
	})
}
