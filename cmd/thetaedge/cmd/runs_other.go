//go:build !windows

package cmd

import (
	"errors"
	"os"
	"syscall"
)

// runs reports whether a process runs. If the system does not tell, it reports true.
func runs(pid int) bool {
	if pid <= 0 {
		return false // the system would take it for a group of processes
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return !errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
