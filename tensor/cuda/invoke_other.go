//go:build !((linux || windows) && (amd64 || arm64))

package cuda

import (
	"fmt"
	"runtime"
)

// load finds nothing: there are no drivers for other platforms.
func load() (func(name string) uintptr, error) {
	return nil, fmt.Errorf("%w: expected linux or windows on amd64 or arm64, found %s on %s", ErrNoLibrary, runtime.GOOS, runtime.GOARCH)
}

// invoke is not reached, because there is no library.
func invoke(uintptr, ...uintptr) uintptr { return 0 }
