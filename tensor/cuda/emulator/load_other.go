//go:build !(linux && (amd64 || arm64))

package emulator

import "fmt"

// Load fails: there is no emulated card on this platform.
func Load() error { return fmt.Errorf("%w: expected linux on amd64 or arm64", ErrNotAvailable) }

// Set fails as Load does.
func Set(_, _ string) error { return Load() }
