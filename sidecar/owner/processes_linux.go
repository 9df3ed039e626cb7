package owner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tableAge is the age up to which a list of processes serves several sensors.
const tableAge = 300 * time.Millisecond

// mostName is the length of the longest name of a file in bytes. A process that says that it is called
// something longer makes patterns expensive.
const mostName = 255

// process is a process as the kernel lists it.
type process struct {
	pid, parent int
	// began tells a process from a later one with the same number.
	began uint64
	// comm is the name of the process, at most 15 bytes. name is the name of the program that it
	// was started as, or empty.
	comm, name string
	// ticks is the processor time of the process and of its children that have ended.
	ticks uint64
}

// processTable lists the processes of this machine.
type processTable struct {
	// root is the folder that contains proc, and self is the number of the daemon's process.
	root string
	self int
	// now is the clock that says how old the list is; nil means time.Now.
	now func() time.Time

	mu   sync.Mutex
	at   time.Time
	list []process
	// own contains the daemon and the processes that it has started.
	own map[int]bool
}

// read lists the processes, unless that was just done, and marks those that are ours.
func (t *processTable) read() ([]process, map[int]bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clock().Sub(t.at) < tableAge {
		return t.list, t.own, nil
	}
	proc := filepath.Join(t.root, "proc")
	folder, err := os.Open(proc)
	if err != nil {
		return nil, nil, err
	}
	names, readErr := folder.Readdirnames(-1)
	if err := errors.Join(readErr, folder.Close()); err != nil {
		return nil, nil, err
	}
	known := make(map[int]process, len(t.list))
	for i := range t.list {
		known[t.list[i].pid] = t.list[i]
	}
	list := make([]process, 0, len(t.list)+8)
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		text, err := readFile(filepath.Join(proc, name, "stat"))
		if err != nil {
			continue // it has ended
		}
		p, err := parseStat(text)
		if err != nil {
			continue // it was just ending
		}
		if before, same := known[p.pid]; same && before.began == p.began && before.comm == p.comm {
			p.name = before.name
		} else {
			p.name = programName(filepath.Join(proc, name, "cmdline"))
		}
		list = append(list, p)
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("expected processes in %s, found none", proc)
	}
	t.list, t.own, t.at = list, ownTree(list, t.self), t.clock()
	return t.list, t.own, nil
}

func (t *processTable) clock() time.Time {
	if t.now == nil {
		return time.Now()
	}
	return t.now()
}

// parseStat reads the text of proc/PID/stat. The name of the process is in parentheses and can contain
// any characters.
func parseStat(text string) (process, error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return process{}, fmt.Errorf("expected a line of proc/PID/stat, found %.60q", text)
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) < 20 {
		return process{}, fmt.Errorf("expected at least 20 fields in proc/PID/stat, found %d", len(fields))
	}
	var broken error
	number := func(text string) uint64 {
		n, err := strconv.ParseUint(text, 10, 63)
		broken = errors.Join(broken, err)
		return n
	}
	p := process{comm: text[open+1 : end]}
	p.pid, p.parent = int(number(strings.TrimSpace(text[:open]))), int(number(fields[1])) //nolint:gosec // at most 63 bits
	// utime, stime, cutime and cstime
	p.ticks = number(fields[11]) + number(fields[12]) + number(fields[13]) + number(fields[14])
	p.began = number(fields[19])
	return p, broken
}

// programName returns the name of the program as it was started, without its folder. Programs of
// Windows under Wine have paths with backslashes.
func programName(cmdline string) string {
	text, err := readFile(cmdline)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(text, "\x00")
	name := first[strings.LastIndexAny(first, `/\`)+1:]
	return name[:min(len(name), mostName)]
}

// ownTree returns a process and everything that descends from it.
func ownTree(list []process, self int) map[int]bool {
	children := make(map[int][]int, len(list))
	for i := range list {
		children[list[i].parent] = append(children[list[i].parent], list[i].pid)
	}
	own, open := map[int]bool{self: true}, []int{self}
	for len(open) > 0 {
		pid := open[len(open)-1]
		open = open[:len(open)-1]
		for _, child := range children[pid] {
			if !own[child] {
				own[child] = true
				open = append(open, child)
			}
		}
	}
	return own
}

// programs lists the names of the processes that are not ours.
type programs struct{ table *processTable }

// Read implements Sensor.
func (s programs) Read(context.Context) ([]string, error) {
	list, own, err := s.table.read()
	if err != nil {
		return nil, err
	}
	names, first := make([]string, 0, 2*len(list)), false
	for i := range list {
		first = first || list[i].pid == 1
		if own[list[i].pid] {
			continue
		}
		names = append(names, list[i].comm)
		if name := list[i].name; name != "" && name != list[i].comm {
			names = append(names, name)
		}
	}
	if !first {
		return nil, errors.New("the system hides the processes of other users (hidepid of /proc)")
	}
	return names, nil
}
