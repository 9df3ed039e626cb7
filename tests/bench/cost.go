package bench

import (
	"fmt"
	"syscall"
	"time"
)

// cost is the time that a block took: time on the clock, and time of all threads on the
// processors. Other work on the machine hardly affects the latter.
type cost struct{ wall, cpu time.Duration }

func (c cost) add(o cost) cost { return cost{wall: c.wall + o.wall, cpu: c.cpu + o.cpu} }

// processorTime returns the processor time that this process has used so far.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read the processor time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
