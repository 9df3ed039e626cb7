// Package tensors runs WebAssembly programs under the profile tensor/1: those of wasm/1 that
// also import operations on tensors of a device.
//
// docs/profiles/tensor-1.md specifies the profile. The package tensor has the records, checks,
// costs and traces; the package executor/wasm has everything else of a program.
package tensors

import (
	"fmt"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/guard"
)

const (
	// Profile is the versioned name of the rules.
	Profile = "tensor/1"
	// Module is the import module of the calls on tensors.
	Module = "theta_tensor_1"
	// MaxDeviceBytes bounds what a task may allow for its tensors.
	MaxDeviceBytes = 1 << 40
)

// Config says how the executor uses this machine. It does not affect any result.
type Config struct {
	// Slots is the number of tasks that may run at the same time, at least one.
	Slots int
	// CacheBytes bounds the compiled programs that are kept in memory. Zero means 256 MiB.
	CacheBytes int64
	// Engine is one of wasm.Engines, or empty for the first of them.
	Engine string
	// Open opens a device. Each task that runs has one of its own. All are of one kind.
	Open func() (tensor.Device, error)
	// Guard says how much of what a device computes is compared with the reference.
	Guard guard.Config
	// KeepBytes bounds the weights that a device keeps for further tasks, together with the tensors
	// of the task that runs, in bytes. Zero keeps none. See weights.
	KeepBytes uint64
	// Known is the name of a device that has given the published vectors already, for example in
	// the process that started this one. It may be empty.
	Known string
	// Unguarded says that nothing is compared, because no driver is involved: the device is the
	// reference, or runs on the processor as the reference does.
	Unguarded bool
}

// New returns an executor of the profile. It opens a first device and compares it with the
// published vectors; if that fails, the executor is unhealthy.
func New(cfg Config) (*wasm.Executor, error) {
	if cfg.Open == nil {
		return nil, fmt.Errorf("tensor executor: expected a device, found none")
	}
	x := &extension{devices: newDevices(cfg)}
	e, err := wasm.New(wasm.Config{Slots: cfg.Slots, CacheBytes: cfg.CacheBytes, Engine: cfg.Engine, Extension: x})
	if err != nil {
		return nil, fmt.Errorf("tensor executor: %w", err)
	}
	x.devices.probe()
	return e, nil
}

// Check says whether the profile accepts the program at path, as wasm.Check does.
func Check(path string) (wasm.Program, error) { return wasm.CheckExtended(path, &extension{}) }

// extension implements wasm.Extension.
type extension struct{ devices *devices }

func (*extension) Profile() string { return Profile }

func (*extension) Module() string { return Module }

func (*extension) Functions() []wasm.Function { return Functions() }

// Functions returns the functions of the import module.
func Functions() []wasm.Function {
	list := make([]wasm.Function, 0, len(calls()))
	for _, c := range calls() {
		list = append(list, c.Function)
	}
	return list
}

func (*extension) Check(task executor.Task) error {
	if task.DeviceBytes > MaxDeviceBytes {
		return fmt.Errorf("%w: tensors of %d bytes are over %d", executor.ErrBadTask, task.DeviceBytes, uint64(MaxDeviceBytes))
	}
	return nil
}

func (x *extension) Usable() error { return x.devices.usable() }

func (x *extension) Engine() string { return "tensors on " + x.devices.name() }

func (x *extension) Close() error { return x.devices.close() }

func (x *extension) Begin(task executor.Task) wasm.Run {
	device := newLent(x.devices)
	return &run{
		device: device, session: tensor.NewSession(device, task.DeviceBytes, task.TraceKeys...), serve: calls(), inputs: task.Inputs,
	}
}
