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
	"github.com/thetaedge/theta/tensor/cpu"
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
}

// Open returns an executor of a profile. Tensors lie in the memory of the machine, and the
// processor computes on them.
func Open(profile string, cfg Config) (executor.Executor, error) {
	switch profile {
	case wasm.Profile:
		return wasm.New(wasm.Config{Slots: cfg.Slots})
	case tensors.Profile:
		return tensors.New(tensors.Config{
			Slots: cfg.Slots, Open: func() (tensor.Device, error) { return device(cfg) },
			// The processor runs the reference itself, with vectors for its sums. No driver is involved.
			Unguarded: true,
		})
	default:
		return nil, unknown(profile)
	}
}

// device opens the processor as a device.
func device(cfg Config) (tensor.Device, error) {
	var options []cpu.Option
	if cfg.Cores > 0 {
		options = append(options, cpu.WithCores(cfg.Cores))
	}
	d := cpu.New(options...)
	if cfg.Timely && !d.Vectors() {
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
