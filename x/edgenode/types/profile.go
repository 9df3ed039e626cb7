package types

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// MaxMonikerBytes bounds a node's name.
	MaxMonikerBytes = 64
	// MaxModelBytes bounds the hardware's model name.
	MaxModelBytes = 64
	// MaxRegionPartBytes bounds the part of a region after the country.
	MaxRegionPartBytes = 16
	// MaxExecutors bounds the executor profiles of a node.
	MaxExecutors = 8
	// MaxExecutorBytes bounds the name of an executor profile.
	MaxExecutorBytes = 32
)

// Validate checks the declaration of an operator, except for its addresses.
func (p NodeProfile) Validate() error {
	if err := CheckMoniker(p.Moniker); err != nil {
		return err
	}
	if err := p.Hardware.Validate(); err != nil {
		return err
	}
	if err := CheckRegion(p.Region); err != nil {
		return err
	}
	if err := checkExecutors(p.Executors); err != nil {
		return err
	}
	return p.Limits.Validate()
}

// Validate checks that the numbers of a machine are consistent.
func (h Hardware) Validate() error {
	if h.CpuCores == 0 || h.MemoryBytes == 0 {
		return ErrInvalidProfile.Wrapf("hardware: expected at least 1 core and some memory, found %d cores and %d bytes", h.CpuCores, h.MemoryBytes)
	}
	if (h.Gpus == 0) != (h.GpuMemoryBytes == 0) {
		return ErrInvalidProfile.Wrapf(
			"hardware: expected gpus and gpu_memory_bytes to be both zero or both not, found %d and %d", h.Gpus, h.GpuMemoryBytes)
	}
	return CheckText("hardware model", h.Model, MaxModelBytes)
}

// Meets returns an error that names every number of h that is below the minimum of a class.
func (h Hardware) Meets(class HardwareClass) error {
	numbers := []struct {
		name        string
		found, want uint64
	}{
		{"cpu_cores", uint64(h.CpuCores), uint64(class.Minimum.CpuCores)},
		{"memory_bytes", h.MemoryBytes, class.Minimum.MemoryBytes},
		{"gpus", uint64(h.Gpus), uint64(class.Minimum.Gpus)},
		{"gpu_memory_bytes", h.GpuMemoryBytes, class.Minimum.GpuMemoryBytes},
	}
	var missing []string
	for _, n := range numbers {
		if n.found < n.want {
			missing = append(missing, fmt.Sprintf("%s: expected at least %d, found %d", n.name, n.want, n.found))
		}
	}
	if len(missing) > 0 {
		return ErrHardwareTooSmall.Wrapf("class %q: %s; choose a smaller class", class.Id, strings.Join(missing, "; "))
	}
	return nil
}

// CheckMoniker returns ErrInvalidProfile for a text that cannot be the name of a node.
func CheckMoniker(moniker string) error {
	if err := CheckText("moniker", moniker, MaxMonikerBytes); err != nil {
		return err
	}
	if strings.TrimSpace(moniker) == "" {
		return ErrInvalidProfile.Wrapf("moniker: expected 1 to %d bytes of text, found none", MaxMonikerBytes)
	}
	return nil
}

// CheckRegion returns ErrInvalidProfile for a text that is not a region.
func CheckRegion(region string) error {
	if !isRegion(region) {
		return ErrInvalidProfile.Wrapf(
			"region: expected two lower case letters of a country and optionally a dash and a part, as in \"de\" or \"us-west\", found %q", region)
	}
	return nil
}

// CheckText accepts a text that can be shown to people: at most limit bytes of UTF-8 without
// control and invisible runes. It returns ErrInvalidProfile. It does not use the tables of the
// package unicode, because these change with the Go release, and two validators may use
// different releases.
func CheckText(name, text string, limit int) error {
	if len(text) > limit {
		return ErrInvalidProfile.Wrapf("%s: expected at most %d bytes, found %d", name, limit, len(text))
	}
	if !utf8.ValidString(text) {
		return ErrInvalidProfile.Wrapf("%s: expected UTF-8, found other bytes", name)
	}
	for _, r := range text {
		if isHidden(r) {
			return ErrInvalidProfile.Wrapf("%s: expected printable text, found %U", name, r)
		}
	}
	return nil
}

// isHidden reports whether a rune is a control character, a zero-width or direction mark, a
// tag, a non-character or in private use.
func isHidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0xa0, r == 0xad:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	case r >= 0xe000 && r <= 0xf8ff, r == 0xfeff, r >= 0xfff0 && r <= 0xffff:
		return true
	default:
		return r >= 0xe0000
	}
}

func checkExecutors(executors []string) error {
	if len(executors) == 0 || len(executors) > MaxExecutors {
		return ErrInvalidProfile.Wrapf("executors: expected 1 to %d profiles, found %d", MaxExecutors, len(executors))
	}
	for i, executor := range executors {
		if !isExecutor(executor) {
			return ErrInvalidProfile.Wrapf("executors: expected a profile as in \"wasm/1\" of at most %d bytes, found %q", MaxExecutorBytes, executor)
		}
		for _, earlier := range executors[:i] {
			if earlier == executor {
				return ErrInvalidProfile.Wrapf("executors: expected each profile once, found %q twice", executor)
			}
		}
	}
	return nil
}

func isExecutor(executor string) bool {
	name, version, cut := strings.Cut(executor, "/")
	return cut && len(executor) <= MaxExecutorBytes && isName(name, MaxExecutorBytes) && isDigits(version)
}

func isRegion(region string) bool {
	country, part, cut := strings.Cut(region, "-")
	if len(country) != 2 || !allIn(country, "abcdefghijklmnopqrstuvwxyz") {
		return false
	}
	return !cut || len(part) > 0 && len(part) <= MaxRegionPartBytes && allIn(part, "abcdefghijklmnopqrstuvwxyz0123456789")
}

func isName(name string, limit int) bool {
	return len(name) > 0 && len(name) <= limit && allIn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")
}

func isDigits(text string) bool { return len(text) > 0 && allIn(text, "0123456789") }

func allIn(text, letters string) bool {
	for i := range len(text) {
		if strings.IndexByte(letters, text[i]) < 0 {
			return false
		}
	}
	return true
}
