// Package terminal writes what strangers have named and written where a person reads it.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
)

// Line returns a text as one line in which nothing steers the terminal or turns the
// direction of writing: tabs become spaces, and what cannot be seen becomes an escape
// such as \u{1b} or \u{202e}. Bytes that are no UTF-8 become U+FFFD.
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
