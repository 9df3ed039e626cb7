package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"
)

// Config says how workers are run. What has a default takes it when it is zero.
type Config struct {
	// Profile that the workers run.
	Profile string
	// Slots is how many tasks may run at once, each in a worker of its own.
	Slots int
	// Dir is a folder of this executor alone, on the disk of the inputs, so that files
	// are linked and not copied. What is in it is deleted.
	Dir string
	// Command starts a worker; Argument and the settings are appended. The default is
	// this program itself, whose main function calls Main when Invoked says so.
	Command []string

	// MemoryBytes bounds the memory of a worker's whole process: linear memory, engine
	// and compiler together.
	MemoryBytes uint64
	// FileBytes bounds one file that a worker writes.
	FileBytes uint64
	// StreamBytes bounds each of the captured streams stdout and stderr.
	StreamBytes uint64
	// Layers that the owner demands; without one of them nothing is run.
	Layers []string

	// MaxTasks is after how many tasks a worker is replaced; 64 by default.
	MaxTasks int
	// KeptBytes is how much memory a worker may hold between two tasks; 512 MiB by
	// default.
	KeptBytes uint64
	// IdleTime is how long a worker without a task is kept; 2 minutes by default.
	IdleTime time.Duration
	// StartTime is how long a worker may take until it is ready, and then until it has
	// begun with a task; 1 minute by default. A program is compiled after that, however
	// large it is: compiling is part of the task, bounded by its wall limit, and counts as
	// a sign of life by the processor time that it burns.
	StartTime time.Duration
	// SilentTime is how long a worker with a task may neither report nor burn processor
	// time; 1 minute by default.
	SilentTime time.Duration

	// Logger is told about workers that end; nil for nobody.
	Logger *slog.Logger
}

const (
	// minMemory is what the process itself takes, with room to compile.
	minMemory = 128 << 20
	// frameTime is how long a frame may take from its first byte to its last.
	frameTime = 10 * time.Second
	// retryPause is how long a machine that could not start a worker is believed to be
	// unable to.
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
	if c.MaxTasks <= 0 {
		c.MaxTasks = 64
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

// ownBinary is this program. Where the kernel names the running image it is taken: the
// file may have been replaced by an upgrade, and a daemon and its workers are of one
// version. Only Linux is asked: elsewhere that path is an ordinary file, which anybody may
// have put there.
func ownBinary(system string) (string, error) {
	const running = "/proc/self/exe"
	if system == "linux" {
		if _, err := os.Stat(running); err == nil {
			return running, nil
		}
	}
	return os.Executable()
}
