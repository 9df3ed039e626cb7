package jobfile

import (
	"fmt"
	"math/big"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// Count is a whole number from 1 on in a job file: decimal digits, with optional "_"
// between them, or with an exponent as in 5e9.
type Count uint64

// countShape is a decimal number that does not begin with a zero.
var countShape = regexp.MustCompile(`^[1-9](?:_?[0-9])*(?:\.[0-9]+)?(?:[eE]\+?([0-9]{1,2}))?$`)

// UnmarshalYAML reads a count. A field that is left out gets its default. Zero is refused,
// because it would be replaced by the default.
func (c *Count) UnmarshalYAML(node *yaml.Node) error {
	count, err := ParseCount(node.Value)
	if err != nil || node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: expected a whole number from 1 on, in decimal digits, found %s", node.Line, found(node))
	}
	*c = count
	return nil
}

// ParseCount reads a count such as "1000", "5_000_000" or "5e9". Leading zeros, other
// bases and fractions are refused: parsers disagree on what "010" is.
func ParseCount(text string) (Count, error) {
	refused := fmt.Errorf("expected a whole number from 1 on, in decimal digits, found %q", text)
	if len(text) > 64 || !countShape.MatchString(text) {
		return 0, refused
	}
	value, ok := new(big.Rat).SetString(countDigits(text))
	if !ok || !value.IsInt() || !value.Num().IsUint64() || value.Sign() <= 0 {
		return 0, refused
	}
	return Count(value.Num().Uint64()), nil
}

// countDigits removes the "_" between digits.
func countDigits(text string) string {
	digits := make([]byte, 0, len(text))
	for i := range len(text) {
		if text[i] != '_' {
			digits = append(digits, text[i])
		}
	}
	return string(digits)
}

// found describes a value of a job file for an error.
func found(node *yaml.Node) string {
	switch node.Kind {
	case yaml.ScalarNode:
		return fmt.Sprintf("%q", node.Value)
	case yaml.SequenceNode:
		return "a list"
	default:
		return "fields"
	}
}
