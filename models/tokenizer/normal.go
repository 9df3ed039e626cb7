package tokenizer

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// forms maps the names of Unicode's normalization forms.
func forms(name string) (norm.Form, bool) {
	switch name {
	case "NFC":
		return norm.NFC, true
	case "NFD":
		return norm.NFD, true
	case "NFKC":
		return norm.NFKC, true
	case "NFKD":
		return norm.NFKD, true
	}
	return 0, false
}

func (n Normal) check() error {
	set := 0
	if n.Form != "" {
		if _, ok := forms(n.Form); !ok {
			return fmt.Errorf("normal: expected the form NFC, NFD, NFKC or NFKD, found %q", n.Form)
		}
		set++
	}
	if n.Prepend != "" {
		set++
	}
	if n.Replace != nil {
		if n.Replace.Old == "" {
			return fmt.Errorf("normal: expected a text to replace, found none")
		}
		set++
	}
	if set != 1 {
		return fmt.Errorf("normal: expected one of form, prepend and replace, found %d", set)
	}
	return nil
}

// apply changes a text.
func (n Normal) apply(text string) string {
	switch {
	case n.Replace != nil:
		return strings.ReplaceAll(text, n.Replace.Old, n.Replace.New)
	case n.Prepend != "" && text != "":
		return n.Prepend + text
	case n.Form != "":
		form, _ := forms(n.Form)
		return form.String(text)
	}
	return text
}
