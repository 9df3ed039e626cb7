//go:build linux || darwin

package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// read returns the time of a clock of the system. A system that does not have it has the clock that can be
// set.
func read(id int32) time.Duration {
	var at unix.Timespec
	if err := unix.ClockGettime(id, &at); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(at.Nano())
}
