package soak

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// worker is a process that runs a program for a node. began tells it from a later process with the
// same number.
type worker struct {
	pid   int
	began string
}

// workersBelow lists the processes whose working folder is below a node's folder of workers, as far
// as the system shows them (Linux). A folder that was removed counts too.
func workersBelow(home string) []worker {
	places, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return nil
	}
	prefix := filepath.Join(home, "workers") + string(filepath.Separator)
	var found []worker
	for _, place := range places {
		folder, err := os.Readlink(place)
		if err != nil || !strings.HasPrefix(folder, prefix) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(place)))
		if err != nil {
			continue
		}
		if began, alive := beganAt(pid); alive {
			found = append(found, worker{pid, began})
		}
	}
	return found
}

// alive reports whether the same process still runs.
func (w worker) alive() bool {
	began, alive := beganAt(w.pid)
	return alive && began == w.began
}

// beganAt returns when a process began, in ticks of the system, and whether it runs: a process that
// has ended and that its parent has not noticed yet does not.
func beganAt(pid int) (began string, runs bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", false
	}
	// The name in parentheses may contain anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return "", false
	}
	return fields[19], fields[0] != "Z" && fields[0] != "X"
}
