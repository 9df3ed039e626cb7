//go:build !linux

package wasm

import (
	"fmt"
	"runtime"
)

// checkThreadStack refuses systems on which threads get less stack than the
// profile needs.
func checkThreadStack() error {
	return fmt.Errorf("profile %s needs Linux, this is %s: run the node in a Linux virtual machine", Profile, runtime.GOOS)
}
