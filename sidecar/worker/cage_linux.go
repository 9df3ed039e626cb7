package worker

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// innerID is the user and group as which a worker runs in its own namespace. It is not root,
// so that executing a file does not give the worker any capability there.
const innerID = 1000

// cages creates the cages of workers on this machine.
type cages struct {
	groups *groups
	// groupErr explains why the memory is not bounded by a control group.
	groupErr error
}

func openCages(slots int) *cages {
	c := &cages{}
	c.groups, c.groupErr = openGroups(slots)
	return c
}

// cage is the part of a worker's protection that the daemon sets up.
type cage struct {
	layers     []Layer
	namespaces bool
	group      *group
}

func (c *cages) make(name string, cfg *Config, without []string) (*cage, error) {
	made := &cage{layers: []Layer{{Name: LayerLifetime, By: "parent death signal"}}}
	if slices.Contains(without, LayerNamespaces) {
		made.layers = append(made.layers, stands(LayerNamespaces, "user namespaces", errNotTried))
	} else {
		made.namespaces = true
		made.layers = append(made.layers, Layer{Name: LayerNamespaces, By: "user, mount, network, IPC and UTS namespaces"})
	}
	memory := Layer{Name: LayerMemory, By: "RLIMIT_DATA and a watchdog"}
	switch group, err := c.groups.make(name, cfg.MemoryBytes); {
	case err == nil && group != nil:
		made.group, memory.By = group, "control group (memory.max, pids.max)"
		group.share(cfg.Quota)
	case err != nil:
		memory.By += "; no control group: " + err.Error()
	case c.groupErr != nil:
		memory.By += "; no control group: " + c.groupErr.Error()
	}
	made.layers = append(made.layers, memory)
	return made, nil
}

// errNotTried means that a worker process did not start with the layer.
var errNotTried = errors.New("no worker starts with it here")

// prepare sets how the process is started.
func (c *cage) prepare(command *exec.Cmd) {
	// A session of its own makes it the leader of a process group, and gives it a place of its own among those that
	// the kernel shares the processors out to.
	attr := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if c.namespaces {
		attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: innerID, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: innerID, HostID: os.Getgid(), Size: 1}}
	}
	if c.group != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(c.group.folder.Fd())
	}
	command.SysProcAttr = attr
}

// enclose does nothing, because everything was set when the process was created.
func (c *cage) enclose(*os.Process) error { return nil }

// explain adds to the description of a worker's end what the kernel reports about it.
func (c *cage) explain(how string) string {
	if c.group != nil && c.group.outOfMemory() {
		return how + ", because it used up its memory"
	}
	return how
}

// open removes the cage of a worker process that has ended.
func (c *cage) open() error {
	if c.group == nil {
		return nil
	}
	return c.group.remove()
}

// endGroup ends all remaining processes of a worker's process group.
func endGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// clockTicks is the number of units per second in which /proc reports processor time. The
// kernel's interface uses this value on all architectures that Go supports.
const clockTicks = 100

// usageOf returns the memory and processor time that a process uses. Pages of files, such as
// those of the binary, do not count. Files without a name that exist only in memory do.
func usageOf(pid int, _ *cage) (usage, bool) {
	at := "/proc/" + strconv.Itoa(pid)
	status, err1 := os.ReadFile(at + "/status")
	stat, err2 := os.ReadFile(at + "/stat")
	if errors.Join(err1, err2) != nil {
		return usage{}, false
	}
	anonymous, known1 := kibibytes(string(status), "RssAnon:")
	nameless, known2 := kibibytes(string(status), "RssShmem:")
	if !known1 || !known2 {
		return usage{}, false // it has ended
	}
	// The name of the program is in parentheses and can contain any characters.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return usage{}, false
	}
	user, err1 := strconv.ParseUint(fields[11], 10, 63)
	system, err2 := strconv.ParseUint(fields[12], 10, 63)
	return usage{
		memory:    (anonymous + nameless) << 10,
		processor: time.Duration(user+system) * time.Second / clockTicks, //nolint:gosec // 63 bits
	}, errors.Join(err1, err2) == nil
}

// kibibytes returns a number of /proc/PID/status.
func kibibytes(status, name string) (uint64, bool) {
	for line := range strings.Lines(status) {
		if rest, found := strings.CutPrefix(line, name); found {
			fields := strings.Fields(rest)
			if len(fields) != 2 || fields[1] != "kB" {
				return 0, false
			}
			n, err := strconv.ParseUint(fields[0], 10, 54)
			return n, err == nil
		}
	}
	return 0, false
}
