package owner

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// forget makes the next reading list the processes again.
func (t *processTable) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = t.at.Add(-2 * tableAge)
}

// sample reads the processor time of all processes and of ours.
func (t *processTable) sample(fresh bool) (s loadSample, err error) {
	if fresh {
		t.forget()
	}
	text, err := readFile(filepath.Join(t.root, "proc/stat"))
	if err != nil {
		return s, err
	}
	if s.total, s.busy, err = parseLoad(text); err != nil {
		return s, err
	}
	list, own, err := t.read()
	for i := range list {
		if own[list[i].pid] {
			s.own += list[i].ticks
		}
	}
	return s, err
}

// parseLoad reads the first line of proc/stat: user, nice, system, idle, iowait, irq, softirq and
// steal. A processor that waits for a disk, or that the host of a virtual machine has taken away, is
// not busy.
func parseLoad(text string) (total, busy uint64, err error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("expected the line cpu with 8 numbers in /proc/stat, found %.60q", line)
	}
	for i, field := range fields[1:9] {
		ticks, err := strconv.ParseUint(field, 10, 63)
		if err != nil {
			return 0, 0, fmt.Errorf("expected numbers in /proc/stat, found %.40q", field)
		}
		total += ticks
		switch i {
		case 3, 4, 7:
		default:
			busy += ticks
		}
	}
	return total, busy, nil
}
