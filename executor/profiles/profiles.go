// Package profiles lists the profiles of executors that our programs can run, and opens their
// executors.
package profiles

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
)

// Names returns the profiles, such as "wasm/1".
func Names() []string { return []string{wasm.Profile, tensors.Profile} }

// Known reports whether our programs can run a profile.
func Known(profile string) bool { return slices.Contains(Names(), profile) }

// Config says how an executor uses this machine. It does not affect any result.
type Config struct {
	// Slots is the number of tasks that may run at the same time, at least one.
	Slots int
	// Timely refuses a device that is too slow for the deadlines of jobs.
	Timely bool
	// Cores is the number of processor cores that the tensors of one task may use; 0 means
	// all of them.
	Cores int
	// Device executes tensors. The zero Device is the processor. Remote opens it if it is in
	// another process; otherwise it is opened in this process.
	Device backend.Device
	Remote func() (tensor.Device, error)
	// Known is the name of the device if it has given the published vectors already.
	Known string
	// Guard says how a device other than the processor is compared with the reference.
	Guard guard.Config
	// KeepBytes bounds the weights that stay in the memory of a device for further tasks,
	// together with the tensors of the task that runs, in bytes. Zero keeps none.
	KeepBytes uint64
}

// Open returns an executor of a profile.
func Open(profile string, cfg Config) (executor.Executor, error) {
	switch profile {
	case wasm.Profile:
		return wasm.New(wasm.Config{Slots: cfg.Slots})
	case tensors.Profile:
		return openTensors(cfg)
	default:
		return nil, unknown(profile)
	}
}

// openTensors opens an executor of tensor/1 on a device.
func openTensors(cfg Config) (executor.Executor, error) {
	own := tensors.Config{Slots: cfg.Slots, KeepBytes: cfg.KeepBytes, Guard: cfg.Guard, Known: cfg.Known}
	switch cfg.Device.Backend {
	case backend.Vulkan, backend.CUDA:
		own.Open = func() (tensor.Device, error) { return cfg.Device.Open(cfg.Cores) }
		if cfg.Remote != nil {
			own.Open = cfg.Remote
		}
	case backend.Reference, backend.CPU, "":
		// The processor runs the reference itself, with vectors for its sums. No driver is involved.
		own.Unguarded = true
		own.Open = func() (tensor.Device, error) { return processor(cfg) }
	}
	return tensors.New(own)
}

// processor opens the processor as a device.
func processor(cfg Config) (tensor.Device, error) {
	if cfg.Device.Backend == backend.Reference {
		return cfg.Device.Open(cfg.Cores)
	}
	d, err := backend.Device{Backend: backend.CPU}.Open(cfg.Cores)
	if err != nil {
		return nil, err
	}
	if own, is := d.(*cpu.Device); cfg.Timely && is && !own.Vectors() {
		return nil, fmt.Errorf("this processor (%s) has no AVX2, and is too slow for the deadlines of %s", runtime.GOARCH, tensors.Profile)
	}
	return d, nil
}

// Check says whether a profile accepts the program at path, as wasm.Check does.
func Check(profile, path string) (wasm.Program, error) {
	switch profile {
	case wasm.Profile:
		return wasm.Check(path)
	case tensors.Profile:
		return tensors.Check(path)
	default:
		return wasm.Program{}, unknown(profile)
	}
}

func unknown(profile string) error {
	return fmt.Errorf("expected a profile that this version can run, one of %s, found %q", strings.Join(Names(), ", "), profile)
}
