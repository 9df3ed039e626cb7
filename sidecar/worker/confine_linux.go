package worker

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxDescriptors is the number of descriptors that a worker process may have open.
const maxDescriptors = 256

// confine gives up everything that a worker process does not need, and executes the binary
// again. Everything that one thread has given up before that is given up by all threads of the
// new image, including those of C libraries. confine returns only if it fails.
func confine(s *settings, name string) error {
	runtime.LockOSThread()
	if s.Last {
		goLast()
	}
	tried := func(layer, by string, do func() error) {
		err := errNotTried
		if !slices.Contains(s.Without, layer) {
			err = do()
		}
		s.Layers = append(s.Layers, stands(layer, by, err))
	}
	tried(LayerLimits, "RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_FSIZE", func() error { return limit(s) })
	tried(LayerPrivileges, "no_new_privs", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })
	more, calls := []allowance(nil), []string(nil)
	if s.Role != "" {
		more, calls = driverFiles(os.Environ()), driverCalls()
	}
	tried(LayerFiles, "Landlock", func() error { return restrictFiles(inFolder, outFolder, more) })
	tried(LayerCalls, "seccomp", func() error { return filterCalls(os.Getpid(), calls) })
	argument, err := s.encode()
	if err != nil {
		return err
	}
	self, err := ownBinary("linux")
	if err != nil {
		return err
	}
	return fmt.Errorf("cannot execute %s: %w", self, syscall.Exec(self, []string{name, Argument, argument}, os.Environ())) //nolint:gosec // this very program
}

// limit sets the limits of the process.
func limit(s *settings) error {
	set := func(resource int, most uint64) error {
		return unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most})
	}
	// A control group counts memory more exactly. This limit applies if there is no control
	// group. It counts the memory that is requested and not the memory that is used.
	data := s.MemoryBytes + s.MemoryBytes/2 + 1<<30
	descriptors := uint64(maxDescriptors)
	if s.Role != "" {
		descriptors = maxDriverDescriptors
	}
	err := errors.Join(
		inheritNothing(firstExtra+s.descriptors()),
		set(unix.RLIMIT_CORE, 0),
		set(unix.RLIMIT_FSIZE, s.FileBytes),
		set(unix.RLIMIT_DATA, data),
		set(unix.RLIMIT_MEMLOCK, 0),
		// This call uses Setrlimit of package syscall, because Exec would restore the original
		// limit after a call of package unix.
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: descriptors, Max: descriptors}),
	)
	if s.Namespaces {
		// Without this condition, the limit would also count the owner's other processes.
		err = errors.Join(err, set(unix.RLIMIT_NPROC, maxThreads))
	}
	return err
}

// inheritNothing closes all descriptors for the next image except for its pipes, which are those
// below the first one. The process that started the daemon may have left descriptors open that
// all its child processes inherit.
func inheritNothing(first int) error {
	if unix.CloseRange(uint(first), math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) == nil { //nolint:gosec // a descriptor
		return nil
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("cannot list the open files: %w", err)
	}
	for _, entry := range open {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd >= first {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// seal runs in the image that executes programs. It gives up what was needed only to execute
// that image.
func seal(s settings) error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot make the worker undumpable: %w", err)
	}
	if name, err := unix.ByteSliceFromString(s.Role.process()); err == nil {
		// Without this name, a list of processes is only harder to read.
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0) //nolint:gosec // the kernel copies it
	}
	at := slices.IndexFunc(s.Layers, func(l Layer) bool { return l.Name == LayerCalls })
	if at < 0 || s.Layers[at].Missing != "" {
		return nil
	}
	return refuseExec()
}
