package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// SinceBoot returns the time since the machine was started, sleep included.
func SinceBoot() time.Duration { return read(unix.CLOCK_BOOTTIME) }
