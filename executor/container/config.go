package container

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/executor"
)

// Config says how the executor uses this machine. It does not affect any result.
type Config struct {
	// Socket is the address of the engine, such as "unix:///run/docker.sock".
	Socket string
	// Dir is the folder with the files of the tasks that run. It belongs to the executor.
	Dir string
	// Home names this node among those that use the same engine. Containers with another home are
	// never touched.
	Home string
	// Slots is the number of tasks that may run at the same time, at least one.
	Slots int
	// CPUs is the number of processor cores that one task may use. 0 means all of them.
	CPUs float64
	// PIDs bounds the processes and threads of one task. 0 means 1,024.
	PIDs int64
	// TmpBytes is the highest size of /tmp in a container, which is memory of the task. 0 means half of
	// the memory of the task.
	TmpBytes uint64
	// ImageBytes bounds the images that stay in the engine for further tasks, in bytes. The image that is
	// used longest ago goes first. 0 means 32 GiB.
	ImageBytes uint64
	// MaxImageBytes is the highest size of one unpacked image, in bytes. 0 means 16 GiB.
	MaxImageBytes uint64
	// GPUs are the devices that a task with device memory gets, all of them: UUIDs of NVIDIA cards, or names
	// of the Container Device Interface such as "nvidia.com/gpu=0". If there are none, no such task is run.
	GPUs []string
	// HTTP fetches images from registries. nil means that images come from inputs only.
	HTTP *http.Client
	// StallTime is the longest time in which a registry may send nothing. 0 means 30 s.
	StallTime time.Duration
	// FetchTime is the longest time that fetching an image may take. 0 means 1 h.
	FetchTime time.Duration
	// ReturnTime is how long a task waits for an engine that has gone away. 0 means 30 s.
	ReturnTime time.Duration
	// AdoptTime is how long the containers of an earlier daemon wait for Recover. 0 means 2 min.
	AdoptTime time.Duration
	// Free returns the free bytes on the disk of a folder. nil means that the disk is not watched.
	Free func(folder string) (uint64, error) `json:"-"`
	// MinFree is how many bytes of the disk stay free: tasks end when there are fewer. 0 means 1 GiB.
	MinFree uint64
	// Logger receives what an owner should know. It may be nil.
	Logger *slog.Logger
}

const (
	defaultPIDs          = 1024
	defaultImageBytes    = 32 << 30
	defaultMaxImageBytes = 16 << 30
	defaultMinFree       = 1 << 30
)

// prepare checks the settings, sets defaults and makes the folders.
func (c *Config) prepare() error {
	switch {
	case c.Socket == "":
		return errors.New("container executor: expected the socket of an engine, such as unix:///run/docker.sock, found none")
	case c.Dir == "" || c.Home == "":
		return errors.New("container executor: expected a folder and the name of the node, found none")
	case c.Slots < 1:
		return fmt.Errorf("container executor: expected at least one slot, found %d", c.Slots)
	case c.CPUs < 0 || c.PIDs < 0:
		return fmt.Errorf("container executor: expected no negative limits, found %v cores and %d processes", c.CPUs, c.PIDs)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	c.Dir = dir
	orDefault(&c.PIDs, defaultPIDs)
	orDefault(&c.ImageBytes, defaultImageBytes)
	orDefault(&c.MaxImageBytes, defaultMaxImageBytes)
	orDefault(&c.MinFree, defaultMinFree)
	orDefault(&c.StallTime, 30*time.Second)
	orDefault(&c.FetchTime, time.Hour)
	orDefault(&c.ReturnTime, 30*time.Second)
	orDefault(&c.AdoptTime, 2*time.Minute)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	for _, folder := range []string{c.Dir, c.images(), c.tasks()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("cannot make the folder of the containers: %w", err)
		}
	}
	return c.clean()
}

// fetching begins the names of folders in which images are fetched.
const fetching = "fetch-"

// clean removes what a daemon has left that was killed while it fetched an image.
func (c *Config) clean() error {
	left, err := filepath.Glob(filepath.Join(c.Dir, fetching+"*"))
	for _, folder := range left {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return err
}

// room fails with ErrUnavailable if the disk of the tasks is nearly full. It is looked at while they run, because a program can
// take disk that no look at its outputs shows: files without a name that it has open.
func (c *Config) room() error {
	if c.Free == nil {
		return nil
	}
	free, err := c.Free(c.Dir)
	if err != nil {
		return fmt.Errorf("%w: %w", executor.ErrUnavailable, err)
	}
	if free < c.MinFree {
		return fmt.Errorf("%w: %d bytes are free at %s, and containers run only while there are %d; make room there", executor.ErrUnavailable, free, c.Dir, c.MinFree)
	}
	return nil
}

func orDefault[T comparable](value *T, usual T) {
	var zero T
	if *value == zero {
		*value = usual
	}
}

func (c *Config) images() string { return filepath.Join(c.Dir, "images") }
func (c *Config) tasks() string  { return filepath.Join(c.Dir, "tasks") }
