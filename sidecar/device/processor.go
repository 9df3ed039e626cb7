package device

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// statStart is how much of /proc/stat is read, in bytes: its first line, which counts all processors, is there. The
// whole file grows with the machine.
const statStart = 1024

// ProcessorTimes counts the time of all processors since the start of the system, in a unit that the system chooses.
type ProcessorTimes struct {
	// Total contains the other ones.
	Total uint64
	// Idle is time without work, Waiting time in which only disks were waited for, and Stolen what the host of a virtual
	// machine has taken away.
	Idle, Waiting, Stolen uint64
}

// ReadProcessorTimes reads the counters of the machine whose file system is below root.
func ReadProcessorTimes(root string) (ProcessorTimes, error) {
	text, err := readStart(filepath.Join(root, "proc", "stat"), statStart)
	if errors.Is(err, fs.ErrNotExist) {
		return systemProcessorTimes()
	}
	if err != nil {
		return ProcessorTimes{}, err
	}
	return parseProcessorTimes(text)
}

// parseProcessorTimes reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq and steal. The
// times of guests that follow are in the first ones already.
func parseProcessorTimes(text string) (t ProcessorTimes, err error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return t, fmt.Errorf("expected the line cpu with 8 numbers in /proc/stat, found %.60q", line)
	}
	for i, field := range fields[1:9] {
		n, err := strconv.ParseUint(field, 10, 60) // their sum fits
		if err != nil {
			return ProcessorTimes{}, fmt.Errorf("expected numbers in /proc/stat, found %.40q", field)
		}
		t.Total += n
		switch i {
		case 3:
			t.Idle = n
		case 4:
			t.Waiting = n
		case 7:
			t.Stolen = n
		}
	}
	return t, nil
}
