//go:build !((linux || windows || darwin) && (amd64 || arm64))

package vulkan

import (
	"fmt"
	"runtime"
)

// load finds nothing: the structures of this package are those of the platforms that are named.
func load() (*library, error) {
	return nil, fmt.Errorf("%w: expected linux, windows or darwin on amd64 or arm64, found %s on %s", ErrNotAvailable, runtime.GOOS, runtime.GOARCH)
}

// invoke is not reached, because there is no library.
func invoke(uintptr, ...uintptr) uintptr { return 0 }
