package client

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// countFields are the fields of a job file that hold whole numbers.
func countFields() []string {
	return []string{
		"fuel", "size", "tasks", "quorum", "auditors", "review_blocks", "challenge_blocks",
		"prepare_blocks", "commit_blocks", "lifetime_blocks",
	}
}

// wholeNumbers refuses fractions where the parser would cut them off: a fuel of 2.5 is
// a slip, not 2.
func wholeNumbers(node *yaml.Node) error {
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if value.Tag != "!!float" || !slices.Contains(countFields(), key.Value) {
				continue
			}
			number, err := strconv.ParseFloat(strings.ReplaceAll(value.Value, "_", ""), 64)
			if err != nil || number != math.Trunc(number) {
				return fmt.Errorf("line %d: %s: expected a whole number, found %s", value.Line, key.Value, value.Value)
			}
		}
	}
	for _, child := range node.Content {
		if err := wholeNumbers(child); err != nil {
			return err
		}
	}
	return nil
}

// explainYAML drops the parser's prefix and Go's type names.
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
	case strings.HasPrefix(parts[2], "uint"):
		want = "a whole number from 0 on"
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
