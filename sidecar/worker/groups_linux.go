package worker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// groups creates control groups (version 2) below the daemon's own group, if the system has
// handed that group over to the daemon. systemd does so with Delegate=yes.
type groups struct{ dir string }

const (
	// daemonGroup is the name of the group that contains the daemon's process. A group that
	// has child groups with controllers cannot contain a process itself.
	daemonGroup = "daemon"
	// maxThreads is the number of threads that a worker process may have.
	maxThreads = 512
)

// openGroups finds the daemon's group and prepares it.
func openGroups(int) (*groups, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	dir, err := groupFolder(string(mounts), string(own))
	if err != nil {
		return nil, err
	}
	return prepareGroups(dir, os.Getpid())
}

// groupFolder returns the folder of the group that /proc/self/cgroup names, below the mount
// point that /proc/self/mountinfo names.
func groupFolder(mounts, own string) (string, error) {
	path, found := "", false
	for line := range strings.Lines(own) {
		if path, found = strings.CutPrefix(strings.TrimSpace(line), "0::"); found {
			break
		}
	}
	if !found {
		return "", errors.New("this system has no control groups of version 2")
	}
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(kind) < 1 || kind[0] != "cgroup2" {
			continue
		}
		// The mount may show only a part of the tree.
		if below, ok := strings.CutPrefix(path, strings.TrimSuffix(fields[3], "/")); ok {
			return filepath.Join(fields[4], below), nil
		}
	}
	return "", errors.New("control groups of version 2 are not mounted")
}

// prepareGroups prepares a group so that it can contain the groups of worker processes.
func prepareGroups(dir string, pid int) (*groups, error) {
	if filepath.Base(dir) == daemonGroup {
		// An earlier daemon of this service, or systemd, has already prepared the group.
		dir = filepath.Dir(dir)
	} else if err := moveAside(dir, pid); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+memory +pids"), 0o600); err != nil {
		return nil, fmt.Errorf("the group %s is not this daemon's to divide (systemd: Delegate=yes): %w", dir, err)
	}
	// Without this controller, the priorities of the processes count.
	_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+cpu"), 0o600)
	return &groups{dir: dir}, nil
}

// moveAside moves the daemon into a group below its own, if its group does not contain any
// other process.
func moveAside(dir string, pid int) error {
	controllers, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, name := range []string{"memory", "pids"} {
		if !slices.Contains(strings.Fields(string(controllers)), name) {
			return fmt.Errorf("the group %s has no %s controller", dir, name)
		}
	}
	members, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return err
	}
	if own := strconv.Itoa(pid); !slices.Equal(strings.Fields(string(members)), []string{own}) {
		return fmt.Errorf("the group %s holds other processes than this daemon; run it as a service of its own", dir)
	}
	below := filepath.Join(dir, daemonGroup)
	if err := os.Mkdir(below, 0o755); err != nil && !errors.Is(err, os.ErrExist) { //nolint:gosec // the kernel's
		return fmt.Errorf("the group %s is not this daemon's to divide (systemd: Delegate=yes): %w", dir, err)
	}
	return os.WriteFile(filepath.Join(below, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600)
}

// group bounds one worker process.
type group struct {
	path   string
	folder *os.File
}

// make returns a group for a worker process. It returns nil if control groups are not
// available.
func (g *groups) make(name string, memory uint64) (*group, error) {
	if g == nil {
		return nil, nil
	}
	made := &group{path: filepath.Join(g.dir, name)}
	if err := os.Mkdir(made.path, 0o755); err != nil { //nolint:gosec // the kernel's
		return nil, err
	}
	set := func(file, value string) error {
		return os.WriteFile(filepath.Join(made.path, file), []byte(value), 0o600)
	}
	err := errors.Join(
		set("memory.max", strconv.FormatUint(memory, 10)),
		set("memory.oom.group", "1"),
		set("pids.max", strconv.Itoa(maxThreads)),
	)
	if err == nil {
		// This file does not exist on a machine without swap.
		if swap := set("memory.swap.max", "0"); !errors.Is(swap, os.ErrNotExist) {
			err = swap
		}
	}
	if err == nil {
		made.folder, err = os.Open(made.path)
	}
	if err != nil {
		return nil, errors.Join(err, made.remove())
	}
	return made, nil
}

// quotaPeriod is the time in microseconds in which a group may use its quota.
const quotaPeriod = 100_000

// share puts the group behind the daemon, whose deadlines do not wait, and limits its time on processors, in percent of
// one; 0 is no limit. The files exist only if the daemon's group has the controller of processors. Without it, the
// priorities of the processes count.
func (g *group) share(percent int) {
	_ = os.WriteFile(filepath.Join(g.path, "cpu.weight"), []byte("1"), 0o600)
	if percent > 0 {
		limit := fmt.Sprintf("%d %d", percent*(quotaPeriod/100), quotaPeriod)
		_ = os.WriteFile(filepath.Join(g.path, "cpu.max"), []byte(limit), 0o600)
	}
}

// outOfMemory reports whether the kernel has killed a process of the group because of its
// memory.
func (g *group) outOfMemory() bool {
	events, err := os.ReadFile(filepath.Join(g.path, "memory.events"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(events)) {
		if count, found := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); found {
			return count != "0"
		}
	}
	return false
}

// remove deletes the group. The kernel may need a moment until the group is empty.
func (g *group) remove() error {
	if g.folder != nil {
		_ = g.folder.Close()
	}
	var err error
	for range 20 {
		if err = os.Remove(g.path); err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
