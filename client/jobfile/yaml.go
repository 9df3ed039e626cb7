package jobfile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// explainYAML removes the parser's prefix and Go's type names.
func explainYAML(err error) error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	lines := make([]string, len(typed.Errors))
	for i, line := range typed.Errors {
		lines[i] = explainLine(line)
	}
	return errors.New(strings.Join(lines, "; "))
}

func explainLine(line string) string {
	if field, _, unknown := strings.Cut(line, " not found in type "); unknown {
		return field + " is unknown; check its spelling and indentation"
	}
	mismatch := regexp.MustCompile("cannot unmarshal !!\\w+(?: `(.*)`)? into (.*)$")
	parts := mismatch.FindStringSubmatch(line)
	if parts == nil {
		return line
	}
	want := "its fields, as in {name: value}"
	switch {
	case strings.HasPrefix(parts[2], "[]"):
		want = "a list, as in [one, two]"
	case parts[2] == "bool":
		want = "true or false"
	case parts[2] == "string":
		want = "a text"
	}
	found := ""
	if parts[1] != "" {
		found = fmt.Sprintf(", found %q", parts[1])
	}
	return mismatch.ReplaceAllLiteralString(line, "expected "+want+found)
}
