//go:build unix

package worker

import (
	"errors"
	"syscall"
)

// freeze stops a process and all that it has started.
func (p *part) freeze() error {
	if done, err := p.cage.freeze(true); done {
		return err
	}
	return p.signal(syscall.SIGSTOP)
}

// thaw continues what freeze has stopped.
func (p *part) thaw() error {
	if done, err := p.cage.freeze(false); done {
		return err
	}
	return p.signal(syscall.SIGCONT)
}

// signal sends a signal to the process group, unless it has ended.
func (p *part) signal(s syscall.Signal) error {
	if err := syscall.Kill(-p.pid, s); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
