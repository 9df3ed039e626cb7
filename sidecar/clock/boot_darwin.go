package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// SinceBoot returns the time since the machine was started. On this system, this clock goes on while the
// machine sleeps.
func SinceBoot() time.Duration { return read(unix.CLOCK_MONOTONIC) }
