// Package terminal makes text that other people wrote safe to show on a terminal.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
)

// Line returns a text as one line that cannot control the terminal or change the direction
// of writing: tabs become spaces, and invisible characters become an escape such as \u{1b}
// or \u{202e}. Bytes that are not UTF-8 become U+FFFD.
func Line(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t':
			b.WriteString("    ")
		case unicode.IsGraphic(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return b.String()
}
