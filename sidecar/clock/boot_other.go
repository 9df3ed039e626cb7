//go:build !linux && !darwin && !windows

package clock

import "time"

// SinceBoot returns the time of the clock that can be set, because nothing else is known about this system.
func SinceBoot() time.Duration { return time.Duration(time.Now().UnixNano()) }
