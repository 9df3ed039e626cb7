//go:build (linux || darwin) && (amd64 || arm64)

package vulkan

import (
	"fmt"
	"runtime"

	"github.com/ebitengine/purego"
)

// load opens the loader of Vulkan; on darwin MoltenVK itself.
func load() (*library, error) {
	names := []string{"libvulkan.so.1"}
	if runtime.GOOS == "darwin" {
		names = []string{"libMoltenVK.dylib", "libvulkan.1.dylib"} // the loader hides MoltenVK
	}
	var failed error
	for _, name := range names {
		opened, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			failed = err
			continue
		}
		address, err := purego.Dlsym(opened, "vkGetInstanceProcAddr")
		if err != nil {
			failed = err
			continue
		}
		return &library{getInstanceProcAddr: function(address)}, nil
	}
	return nil, fmt.Errorf("%w: expected one of the libraries %v: %w; install a driver for Vulkan", ErrNotAvailable, names, failed)
}
