//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"os"

	"github.com/ebitengine/purego"
)

// libraries are the names of the driver's library. In WSL it lies in a folder that loaders do not always search.
func libraries() []string {
	if own := os.Getenv(LibraryVariable); own != "" {
		return []string{own}
	}
	return []string{"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"}
}

// load opens the library of the driver, and returns what looks up its functions.
func load() (func(name string) uintptr, error) {
	var first error
	for _, name := range libraries() {
		opened, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		return func(name string) uintptr {
			address, err := purego.Dlsym(opened, name)
			if err != nil {
				return 0
			}
			return address
		}, nil
	}
	return nil, fmt.Errorf("%w: %w; install the driver of the card", ErrNoLibrary, first)
}
