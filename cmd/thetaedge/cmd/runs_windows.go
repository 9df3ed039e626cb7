package cmd

import (
	"errors"
	"math"

	"golang.org/x/sys/windows"
)

// runs reports whether a process runs. The processes of services, which other accounts have, do not let
// this user look at them, and so count as running.
func runs(pid int) bool {
	if pid <= 0 || pid > math.MaxInt32 {
		return false
	}
	process, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return errors.Is(err, windows.ERROR_ACCESS_DENIED)
	}
	defer windows.CloseHandle(process) //nolint:errcheck // nothing was written
	// A process that has ended can be opened as long as another one has a handle of it.
	state, err := windows.WaitForSingleObject(process, 0)
	return err != nil || state == uint32(windows.WAIT_TIMEOUT)
}
