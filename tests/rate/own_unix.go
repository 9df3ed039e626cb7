//go:build unix

package rate

import (
	"syscall"
	"time"
)

// ownTime returns the processor time that this process has used, in user space and in the system,
// or zero if the system does not show it.
func ownTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
