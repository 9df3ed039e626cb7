package worker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// frozen reports whether a process has stopped: none of its threads can use a processor.
func (p *part) frozen() bool {
	if p.cage.group != nil && p.cage.group.frozen() {
		return true
	}
	tasks := "/proc/" + strconv.Itoa(p.pid) + "/task"
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(filepath.Join(tasks, thread.Name(), "stat"))
		if err != nil {
			continue // the thread has ended
		}
		// The name of the program is in parentheses and can contain any characters.
		_, state, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		// T is stopped; Z and X have ended.
		if state == "" || !strings.ContainsRune("TtZX", rune(state[0])) {
			return false
		}
	}
	return true
}

// freeze stops or continues the group of a cage. It reports false if there is no group, or if
// the kernel cannot stop groups.
func (c *cage) freeze(stop bool) (bool, error) {
	if c.group == nil {
		return false, nil
	}
	return c.group.freeze(stop)
}

// freezeFile stops the processes of a group. Kernels before 5.2 do not have it.
const freezeFile = "cgroup.freeze"

func (g *group) freeze(stop bool) (bool, error) {
	value := "0"
	if stop {
		value = "1"
	}
	// The kernel's files cannot be created.
	file, err := os.OpenFile(filepath.Join(g.path, freezeFile), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		_, err = file.WriteString(value)
		err = errors.Join(err, file.Close())
	}
	return true, err
}

// frozen reports whether the kernel has stopped all processes of the group.
func (g *group) frozen() bool {
	events, err := os.ReadFile(filepath.Join(g.path, "cgroup.events"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(events)) {
		if strings.TrimSpace(line) == "frozen 1" {
			return true
		}
	}
	return false
}
