package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"
)

// Config says how the executor runs workers. A field that is zero takes its default, if it has
// one.
type Config struct {
	// Profile is the profile that the workers run.
	Profile string
	// Slots is the number of tasks that may run at the same time, each in its own worker
	// process.
	Slots int
	// Cores is the number of processor cores that one task may use. The default is an equal
	// share of all cores for each slot, at least one.
	Cores int
	// Last gives the worker processes the lowest priority: they get the processors that no other program wants.
	Last bool
	// Quota is the time on processors that each worker process may use, in percent of one processor; 0 is no
	// limit. Only a control group with the controller of processors enforces it.
	Quota int
	// Dir is a folder that only this executor uses. It is on the same disk as the inputs, so
	// that files are linked and not copied. The executor deletes what is in it.
	Dir string
	// Command is the command that starts a worker process. Argument and the settings are
	// appended to it. The default is this program itself. Its main function calls Main if
	// Invoked returns true.
	Command []string

	// MemoryBytes bounds the memory of a whole worker process: the linear memory, the engine
	// and the compiler together.
	MemoryBytes uint64
	// FileBytes bounds the size of one file that a worker process writes.
	FileBytes uint64
	// StreamBytes bounds each of the captured streams stdout and stderr.
	StreamBytes uint64
	// Layers contains the layers that the owner demands. If one of them is missing, the
	// executor does not run any program.
	Layers []string

	// Tensors says what executes tensors; nil for a profile without them.
	Tensors *Tensors

	// Swap says where the tensors of programs are while these are suspended; nil if they stay in memory.
	Swap *Swap

	// MaxTasks is the number of tasks after which a worker process is replaced; 4,096 by
	// default, as many as the largest chunk has. A new process takes as long as hundreds of
	// tasks of a millisecond.
	MaxTasks int
	// KeptBytes is the amount of memory that a worker process may hold between two tasks, in
	// addition to KeepBytes; 512 MiB by default.
	KeptBytes uint64
	// KeepBytes bounds the weights that a worker process keeps in the memory of its device for
	// further tasks of the program, together with the tensors of the task that runs. Zero keeps
	// none.
	KeepBytes uint64
	// IdleTime is the time for which a worker process without a task is kept; 2 minutes by
	// default.
	IdleTime time.Duration
	// StartTime is the time that a worker process has to become ready, and then again to begin
	// a task; 1 minute by default. A program is compiled after that, however large it is.
	// Compiling is part of the task: the task's wall limit bounds it, and the processor time
	// that it burns counts as a sign of life.
	StartTime time.Duration
	// SilentTime is the time for which a worker process with a task may neither report nor
	// burn processor time; 1 minute by default.
	SilentTime time.Duration

	// Logger receives a message when a worker process ends. It may be nil.
	Logger *slog.Logger
}

const (
	// minMemory is the memory that the process itself needs, with room to compile.
	minMemory = 128 << 20
	// frameTime is the time that a frame may take from its first byte to its last.
	frameTime = 10 * time.Second
	// retryPause is the time for which a machine that could not start a worker process is
	// assumed to be unable to start one.
	retryPause = 15 * time.Second
)

func (c *Config) validate() error {
	var errs []error
	expect := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("worker: expected "+format, args...))
		}
	}
	expect(c.Profile != "", "a profile, found none")
	expect(c.Slots >= 1, "at least one slot, found %d", c.Slots)
	expect(c.Dir != "", "a folder for the workers, found none")
	expect(c.MemoryBytes >= minMemory, "at least %d bytes of memory for a worker, found %d", minMemory, c.MemoryBytes)
	expect(c.FileBytes > 0, "a bound for the files of a worker, found none")
	return errors.Join(append(errs, CheckLayers(c.Layers))...)
}

func (c *Config) setDefaults() error {
	if len(c.Command) == 0 {
		self, err := ownBinary(runtime.GOOS)
		if err != nil {
			return fmt.Errorf("worker: cannot tell which program this is: %w", err)
		}
		c.Command = []string{self}
	}
	if c.Cores <= 0 {
		c.Cores = max(1, runtime.NumCPU()/c.Slots)
	}
	if c.MaxTasks <= 0 {
		c.MaxTasks = 4096
	}
	if c.KeptBytes == 0 {
		c.KeptBytes = 512 << 20
	}
	for _, bound := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&c.IdleTime, 2 * time.Minute}, {&c.StartTime, time.Minute}, {&c.SilentTime, time.Minute}} {
		if *bound.value <= 0 {
			*bound.value = bound.usual
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// ownBinary returns the path of this program. If the kernel names the running image, that path
// is used: an upgrade may have replaced the file, and a daemon and its workers must have the
// same version. The path is used only on Linux. On other systems it is an ordinary file, which
// any user may have put there.
func ownBinary(system string) (string, error) {
	const running = "/proc/self/exe"
	if system == "linux" {
		if _, err := os.Stat(running); err == nil {
			return running, nil
		}
	}
	return os.Executable()
}
