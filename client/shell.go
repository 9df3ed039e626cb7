package client

import (
	"runtime"
	"strings"
)

// ShellQuote quotes a word of a command so that the shells of this system read it as one word: a POSIX
// shell or, on Windows, PowerShell and the command prompt. A word that needs no quotes stays unchanged.
func ShellQuote(word string) string {
	if runtime.GOOS == "windows" {
		return quoteOnWindows(word)
	}
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,+@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// quoteOnWindows uses double quotes, because the command prompt knows no others. Names of files do not contain
// any there.
func quoteOnWindows(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(`-_./:\`, r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	if strings.HasSuffix(word, `\`) {
		word += `\` // a program would take \" for a quote
	}
	return `"` + strings.ReplaceAll(word, `"`, `\"`) + `"`
}
