//go:build !windows

package device

import (
	"fmt"
	"runtime"
)

// systemProcessorTimes fails, because only Linux and Windows are read.
func systemProcessorTimes() (ProcessorTimes, error) {
	return ProcessorTimes{}, fmt.Errorf("this version does not read the load on %s", runtime.GOOS)
}
