package filename

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// check returns why a name is not portable, or nil if it is.
func check(name string) error {
	_, err := Portable(name)
	return err
}

func TestNamesThatEveryFileSystemHoldsPass(t *testing.T) {
	for _, name := range []string{
		"a", "text.txt", ".hidden", "..two", "a b", " begins", "ünï cödé 文件.txt", "a-b_c+d=e,f;g@h!.tar.gz", "100%", "console", "com", "com10",
		"lpt", "nulls", "con1", "e\u0301", "한글", "naïve\u200dname", "\U0001f980", "~$x", "[1] {2} (3)", "it's", strings.Repeat("x", 300),
	} {
		require.NoError(t, check(name), "%q", name)
	}
}

func TestNamesThatSomeFileSystemCannotHoldAreRefused(t *testing.T) {
	refused := []string{
		"", ".", "..", "a.", "a ", "a. .", "a/b", "\xff", "a\x80", "\u00ad", "\u200b\u2060", "\u3164", "\ufdd0", "\uffff", "a\u0378", "\U0001faff", "\U000e0080",
		"CON", "con.txt", "PrN", "aux.tar.gz", "NUL", "nul .txt", "conin$", "CONOUT$", "com1", "COM0.log", "lpt9", "LPT².dat", "com\u00b9", "n\u00adul",
	}
	for r := rune(0); r < 0x80; r++ {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"|?*\/`, r) {
			refused = append(refused, "a"+string(r)+"b")
		}
	}
	for _, name := range refused {
		require.ErrorIs(t, check(name), ErrName, "%q", name)
	}
}

func TestNamesThatSomeFileSystemTakesForOneHaveOneKey(t *testing.T) {
	for _, same := range [][]string{
		{"text.txt", "Text.txt", "TEXT.TXT"},
		{"\u00e9", "e\u0301", "\u00c9", "E\u0301"},
		{"stra\u00dfe", "STRASSE", "stra\u1e9ee"},
		{"K", "k", "\u212a"},
		{"\u00c5", "\u212b", "a\u030a"},
		{"\uac01", "\u1100\u1161\u11a8", "\uac00\u11a8"},
		{"a\u0301\u0323", "a\u0323\u0301", "\u1ea1\u0301"},
		{"\u1f84", "\u1f8c", "\u03b1\u0313\u0301\u03b9", "\u03b1\u0345\u0313\u0301"},
		{"ab", "a\u00adb", "a\u200bB"},
		{"a\u0323\u0301", "a\u0301\u200d\u0323"},
		{"\u13a0", "\uab70"},
		{"\u01c5", "\u01c4", "\u01c6"},
	} {
		for _, name := range same {
			require.Equal(t, Key(same[0]), Key(name), "%q", name)
		}
	}
	for _, name := range []string{"f", "ff", "f-", "f.", "\ufb00x", "\u0131", "i", "a1", "a\u00b9"} {
		for _, other := range []string{"g", "gg", "j", "a\u00b2", "a2"} {
			require.NotEqual(t, Key(name), Key(other))
		}
	}
}

// TestKeysFollowUnicode checks that the package reads its tables correctly: for any text of
// assigned characters, the key is the one that the Unicode libraries compute.
func TestKeysFollowUnicode(t *testing.T) {
	table := tables()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.OneOf(
			rapid.RuneFrom(nil, unicode.Mn, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Hangul),
			rapid.SampledFrom([]rune("aÅßſİıΐᾼﬁÉ\u0345\u0301\u0323\u0327\u1161\u11a8\u200d\u00ad")),
		), 0, 12, -1).Draw(t, "text")
		for _, r := range text {
			if !assigned(r) {
				t.Skip("the libraries may know more")
			}
		}
		var folded strings.Builder
		for _, r := range norm.NFD.String(text) {
			folded.WriteString(folding(r))
		}
		fold := norm.NFD.String(folded.String())
		shown := norm.NFD.String(strings.Map(func(r rune) rune {
			if ignorable(r) {
				return -1
			}
			return r
		}, fold))
		require.Equal(t, shown, Key(text), "%+q", text)
		require.Equal(t, Key(text), Key(Key(text)), "%+q", text)
		require.Equal(t, norm.NFD.String(text), string(table.decomposed([]rune(text))))
	})
}

func FuzzKeysAreBounded(f *testing.F) {
	f.Add("a", "A")
	f.Add("\xff\u0345", "e\u0301\u200d")
	f.Fuzz(func(t *testing.T, a, b string) {
		if check(a) == nil && check(b) == nil {
			require.Equal(t, Key(a) == Key(b), Key(b) == Key(a))
			require.NotEmpty(t, Key(a))
		}
		require.LessOrEqual(t, len(Key(a)), 16*len(a))
	})
}
