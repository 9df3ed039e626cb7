package owner

import (
	"path/filepath"

	"golang.org/x/sys/windows"

	"github.com/thetaedge/theta/sidecar/device"
)

// loadCounter counts the processor time of all processes and of ours, in units of 100 ns.
type loadCounter struct {
	table *processTable
	// own is the time of our processes, also of those that have ended. last contains the times of those
	// that run.
	own  uint64
	last map[uint32]uint64
}

func (c *loadCounter) sample(bool) (s loadSample, err error) {
	times, err := device.ReadProcessorTimes(string(filepath.Separator))
	if err != nil {
		return s, err
	}
	s.total, s.busy = times.Total, busyOf(times)
	_, own, err := c.table.read()
	now := make(map[uint32]uint64, len(own))
	for pid := range own {
		now[pid] = processTime(pid)
		c.own += now[pid] - min(now[pid], c.last[pid])
	}
	c.last = now
	s.own = c.own
	return s, err
}

func units(t windows.Filetime) uint64 { return uint64(t.HighDateTime)<<32 | uint64(t.LowDateTime) }

// processTime returns the processor time of a process, or 0 if it has ended.
func processTime(pid uint32) uint64 {
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return 0
	}
	defer func() { _ = windows.CloseHandle(process) }()
	var created, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(process, &created, &ended, &kernel, &user); err != nil {
		return 0
	}
	return units(kernel) + units(user)
}
