package worker

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// cages creates the cages of workers on this machine.
type cages struct{}

func openCages(int) *cages { return &cages{} }

// cage is the part of a worker's protection that the daemon sets up.
type cage struct {
	layers     []Layer
	namespaces bool
}

func (c *cages) make(string, *Config, []string) (*cage, error) {
	return &cage{layers: []Layer{
		stands(LayerLifetime, "the end of its standard input", errors.New("a worker that an engine's bug keeps from reading outlives a daemon that is killed")),
	}}, nil
}

// prepare sets how the process is started.
func (c *cage) prepare(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func (c *cage) enclose(*os.Process) error { return nil }

func (c *cage) explain(how string) string { return how }

func (c *cage) open() error { return nil }

// endGroup ends all remaining processes of a worker's process group.
func endGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// usageOf always returns false, because the usage is not known on this system.
func usageOf(int, *cage) (usage, bool) { return usage{}, false }
