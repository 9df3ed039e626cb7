//go:build !linux

package device

import (
	"fmt"
	"runtime"
)

// cpuModel is read on Linux only.
func cpuModel(string) (string, error) {
	return Unknown, fmt.Errorf("cannot be read on %s yet; name it in the configuration", runtime.GOOS)
}

// memoryBytes is read on Linux only.
func memoryBytes(string) (uint64, error) {
	return 0, fmt.Errorf("cannot be read on %s yet; name it in the configuration", runtime.GOOS)
}
