package worker

import (
	"errors"
	"syscall"
)

// maxDescriptors is the number of descriptors that a worker process may have open.
const maxDescriptors = 256

// leastNice is the lowest priority of a process.
const leastNice = 20

// confine sets the priority and the limits of the process, because this system does not offer any other
// confinement.
func confine(s *settings, _ string) error {
	if s.Last {
		// A failure makes no difference to what programs compute.
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, leastNice)
	}
	set := func(resource int, most uint64) error {
		return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most})
	}
	err := errors.Join(set(syscall.RLIMIT_CORE, 0), set(syscall.RLIMIT_FSIZE, s.FileBytes), set(syscall.RLIMIT_NOFILE, maxDescriptors))
	s.Layers = append(s.Layers, stands(LayerLimits, "RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_FSIZE", err))
	return nil
}

func seal(settings) error { return nil }
