package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is a size in bytes that people write as, for example, "512MiB".
type Bytes uint64

// units returns the units from large to small, so that String uses the largest unit that
// divides a size.
func units() []struct {
	name string
	size uint64
} {
	return []struct {
		name string
		size uint64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

// String is the inverse of UnmarshalText.
func (b Bytes) String() string {
	for _, u := range units() {
		if uint64(b) >= u.size && uint64(b)%u.size == 0 {
			return strconv.FormatUint(uint64(b)/u.size, 10) + u.name
		}
	}
	return "0B"
}

// MarshalText writes a size with its unit.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a whole number with a unit. A number without a unit is in bytes.
func (b *Bytes) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), uint64(1)
	for _, u := range units() {
		if cut, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(cut), u.size
			break
		}
	}
	value, err := strconv.ParseUint(number, 10, 64)
	if err != nil || value > math.MaxInt64/unit {
		return fmt.Errorf("expected a size such as 512MiB or 4GiB, found %q", text)
	}
	*b = Bytes(value * unit)
	return nil
}
