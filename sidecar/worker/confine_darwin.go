package worker

import (
	"errors"
	"syscall"
)

// maxDescriptors that a worker may have open.
const maxDescriptors = 256

// confine sets the limits of the process, which is all that this system has.
func confine(s *settings, _ string) error {
	set := func(resource int, most uint64) error {
		return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most})
	}
	err := errors.Join(set(syscall.RLIMIT_CORE, 0), set(syscall.RLIMIT_FSIZE, s.FileBytes), set(syscall.RLIMIT_NOFILE, maxDescriptors))
	s.Layers = append(s.Layers, stands(LayerLimits, "RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_FSIZE", err))
	return nil
}

func seal(settings) error { return nil }
