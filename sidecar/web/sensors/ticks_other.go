//go:build !windows

package sensors

import (
	"fmt"
	"runtime"
)

// systemTicks fails, because only Linux and Windows are read.
func systemTicks() (ticks, error) {
	return ticks{}, fmt.Errorf("this version does not read the load on %s", runtime.GOOS)
}
