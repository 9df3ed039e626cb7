package jobfile

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bytes is a size: a plain number, or one with KB, MB, GB (powers of 1,000) or
// KiB, MiB, GiB (powers of 1,024).
type Bytes uint64

// UnmarshalYAML reads a size.
func (b *Bytes) UnmarshalYAML(node *yaml.Node) error {
	size, err := ParseBytes(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	*b = size
	return nil
}

// ParseBytes reads a size such as "64MiB".
func ParseBytes(text string) (Bytes, error) {
	units := []struct {
		suffix string
		factor uint64
	}{
		{"KiB", 1 << 10},
		{"MiB", 1 << 20},
		{"GiB", 1 << 30},
		{"KB", 1e3},
		{"MB", 1e6},
		{"GB", 1e9},
		{"B", 1},
		{"", 1},
	}
	for _, unit := range units {
		digits, found := strings.CutSuffix(text, unit.suffix)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
		if err != nil || n > (1<<63-1)/unit.factor {
			break
		}
		return Bytes(n * unit.factor), nil
	}
	return 0, fmt.Errorf("expected a size such as 64MiB or 1000000, found %q", text)
}
