//go:build (linux || windows) && (amd64 || arm64)

package cuda

import "github.com/ebitengine/purego"

// invoke calls a function of C that takes pointers and integers.
//
//go:uintptrescapes
func invoke(function uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(function, args...)
	return r
}
