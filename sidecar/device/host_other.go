//go:build !linux && !windows

package device

import (
	"fmt"
	"runtime"
)

// cpuModel fails, because the name is read only on Linux and Windows.
func cpuModel(string) (string, error) {
	return Unknown, fmt.Errorf("cannot be read on %s yet; name it in the configuration", runtime.GOOS)
}

// memoryBytes fails, because the memory is read only on Linux and Windows.
func memoryBytes(string) (uint64, error) {
	return 0, fmt.Errorf("cannot be read on %s yet; name it in the configuration", runtime.GOOS)
}
