//go:build !linux && !windows

package device

import "math"

// FreeBytes is read on Linux only: elsewhere all fits, until it does not.
func FreeBytes(string) (uint64, error) { return math.MaxInt64, nil }
