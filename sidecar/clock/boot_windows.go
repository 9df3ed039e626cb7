package clock

import (
	"time"

	"golang.org/x/sys/windows"
)

// SinceBoot returns the time since the machine was started, sleep included.
func SinceBoot() time.Duration { return windows.DurationSinceBoot() }
