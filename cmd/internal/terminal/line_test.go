package terminal

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNothingInALineSteersTheTerminal(t *testing.T) {
	for text, want := range map[string]string{
		"plain text, größer, 数":  "plain text, größer, 数",
		"a\tb":                   "a    b",
		"paid\rlost":             `paid\u{d}lost`,
		"\x1b[2Jgone":            `\u{1b}[2Jgone`,
		"\u009b31mred":           `\u{9b}31mred`,
		"invoice\u202efdp.exe":   `invoice\u{202e}fdp.exe`,
		"zero\u200bwidth":        `zero\u{200b}width`,
		"two\nlines\u2028or not": `two\u{a}lines\u{2028}or not`,
		"\xff\xfe":               "\ufffd\ufffd",
	} {
		require.Equal(t, want, Line(text))
	}
	rapid.Check(t, func(t *rapid.T) {
		line := Line(rapid.String().Draw(t, "text"))
		require.True(t, utf8.ValidString(line))
		require.False(t, strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }), "%q", line)
	})
}
