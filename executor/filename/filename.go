// Package filename decides which names of files every common file system can hold, and which
// two names some file system treats as the same.
//
// Nodes use it to decide what a program may write, so the answers are part of a profile. They
// follow from tables of one version of Unicode that this package contains, whatever Go release
// or library a node was built with.
package filename

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrName wraps every refusal of Portable.
var ErrName = errors.New("name that not every file system can hold")

// forbidden contains the characters that have a special meaning in Windows.
const forbidden = `<>:"|?*\`

// Portable returns the key of a name, and an error if some common file system cannot hold the
// name. It refuses control characters, characters that Windows forbids or that Unicode 15 has
// not assigned, a dot or a space at the end, the name of a Windows device, and names without a
// visible character. The caller decides how long a name may be.
func Portable(name string) (key string, err error) {
	if err := checkCharacters(name); err != nil {
		return "", err
	}
	key = Key(name)
	switch {
	case key == "":
		return "", fmt.Errorf("%w: %.64q shows nothing", ErrName, name)
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return "", fmt.Errorf("%w: %.64q ends with a dot or a space, which Windows drops", ErrName, name)
	case device(key):
		return "", fmt.Errorf("%w: %.64q is a device of Windows; choose another name", ErrName, name)
	}
	return key, nil
}

func checkCharacters(name string) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("%w: %.64q is not UTF-8", ErrName, name)
	}
	for _, r := range name {
		switch {
		case r == '/' || Forbidden(r):
			return fmt.Errorf("%w: %.64q holds %q; leave it out", ErrName, name, r)
		case !assigned(r):
			return fmt.Errorf("%w: %.64q holds %q, which Unicode %s has not assigned; leave it out", ErrName, name, r, Version)
		}
	}
	return nil
}

// Forbidden reports whether some common file system refuses names with this character.
func Forbidden(r rune) bool {
	return r < ' ' || r == 0x7f || strings.ContainsRune(forbidden, r)
}

// Device reports whether Windows treats a name as a device, whatever its extension is.
func Device(name string) bool { return device(Key(name)) }

func device(key string) bool {
	stem, _, _ := strings.Cut(key, ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	for _, port := range []string{"com", "lpt"} {
		number, found := strings.CutPrefix(stem, port)
		digit, size := utf8.DecodeRuneInString(number)
		if found && size > 0 && size == len(number) && strings.ContainsRune("0123456789¹²³", digit) {
			return true
		}
	}
	return false
}

// Key returns the same key for two names that a file system may treat as the same, because it
// ignores case, the composition of letters, or characters that are not shown. The key is the
// canonical decomposition of the case folding of the decomposition (Unicode 15, D145), without
// the characters that Unicode allows to ignore. Bytes that are not UTF-8 count as U+FFFD.
func Key(name string) string {
	if key, plain := asciiKey(name); plain {
		return key
	}
	t := tables()
	folded := make([]rune, 0, len(name))
	for _, r := range t.decomposed([]rune(name)) {
		if to, found := t.foldings[r]; found {
			folded = append(folded, []rune(to)...)
		} else {
			folded = append(folded, r)
		}
	}
	shown := folded[:0]
	for _, r := range t.decomposed(folded) {
		if !ignorable(r) {
			shown = append(shown, r)
		}
	}
	// The characters that were left out may have separated marks.
	return string(t.decomposed(shown))
}

// asciiKey returns the Key of a name that consists only of ASCII characters.
func asciiKey(name string) (key string, plain bool) {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return "", false
		}
	}
	return strings.ToLower(name), true
}
