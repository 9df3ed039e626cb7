package backend

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/cuda"
	"github.com/thetaedge/theta/tensor/cuda/kernel"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/vulkan"
)

// Device is something that executes tensors.
type Device struct {
	Backend Kind `json:"backend"`
	// Name is that of the hardware, and Kind is "discrete", "integrated", "virtual", "processor" or
	// "other". Both are empty for back ends on the processor, as is all that follows.
	Name string `json:"name,omitempty"`
	Kind string `json:"kind,omitempty"`
	// UUID stays the same, in hexadecimal digits; a card has the same one with CUDA and with Vulkan. Index is the
	// place among the devices of the back end.
	UUID  string `json:"uuid,omitempty"`
	Index int    `json:"index,omitempty"`
	// Driver is the version of the driver, and API that of Vulkan or of CUDA.
	Driver string `json:"driver,omitempty"`
	API    string `json:"api,omitempty"`
	// MemoryBytes is the size of its largest heap. The memory of a device that is not discrete is
	// that of the machine.
	MemoryBytes uint64 `json:"memory_bytes,omitempty"`
	// Missing says what the device has not got that the back end needs; empty if nothing.
	Missing string `json:"missing,omitempty"`
	// Matrices reports whether Open may use cooperative matrices or tensor cores, which the driver says that it has.
	Matrices bool `json:"matrices,omitempty"`
}

// List returns the cards of CUDA and the devices of Vulkan. It fails if the machine has neither. If the driver of
// CUDA is there and does not work beside Vulkan, one device stands for it and says why in Missing.
func List() ([]Device, error) {
	cards, noCards := listCUDA()
	others, noOthers := listVulkan()
	switch {
	case noCards != nil && noOthers != nil:
		return nil, errors.Join(noOthers, noCards)
	case noCards != nil && !errors.Is(noCards, cuda.ErrNoLibrary):
		cards = []Device{{Backend: CUDA, Name: "driver of NVIDIA", Kind: "other", Missing: noCards.Error()}}
	}
	return append(cards, others...), nil
}

func listCUDA() ([]Device, error) {
	found, err := cuda.List()
	if err != nil {
		return nil, err
	}
	list := make([]Device, len(found))
	for i, f := range found {
		list[i] = Device{
			Backend: CUDA, Name: f.Name, Kind: f.Kind, UUID: f.UUID, Index: f.Index, Driver: f.Driver, API: f.API,
			MemoryBytes: f.Memory, Missing: f.Missing, Matrices: f.Capability >= kernel.Tensor75.Needs(),
		}
	}
	return list, nil
}

func listVulkan() ([]Device, error) {
	found, err := vulkan.List()
	if err != nil {
		return nil, err
	}
	list := make([]Device, len(found))
	for i, f := range found {
		list[i] = Device{
			Backend: Vulkan, Name: f.Name, Kind: f.Kind, UUID: f.UUID, Index: f.Index, Driver: f.DriverVersion(), API: f.API,
			MemoryBytes: f.Memory, Missing: f.Missing, Matrices: f.Matrices,
		}
	}
	return list, nil
}

// Open opens a device. Cores is the number of cores that a back end on the processor may use; 0 means
// all of them.
func (d Device) Open(cores int) (tensor.Device, error) {
	switch d.Backend {
	case Reference:
		return ref.NewDevice(), nil
	case CPU:
		if cores > 0 {
			return cpu.New(cpu.WithCores(cores)), nil
		}
		return cpu.New(), nil
	case Vulkan:
		options := []vulkan.Option{vulkan.WithIndex(d.Index)}
		if d.UUID != "" {
			options = append(options, vulkan.WithUUID(d.UUID))
		}
		if !d.Matrices {
			options = append(options, vulkan.WithoutMatrices())
		}
		return vulkan.Open(options...)
	case CUDA:
		options := []cuda.Option{cuda.WithIndex(d.Index)}
		if d.UUID != "" {
			options = append(options, cuda.WithUUID(d.UUID))
		}
		if !d.Matrices {
			options = append(options, cuda.WithTensorCores(kernel.Plain))
		}
		return cuda.Open(options...)
	}
	return nil, fmt.Errorf("expected a back end, found %q", d.Backend)
}

// Check opens a device that gives the published vectors of each operation. It fails with
// guard.ErrDoubt if the device gives others, or with an error of the driver.
func (d Device) Check(cores int) (tensor.Device, error) {
	device, err := d.Open(cores)
	if err != nil {
		return nil, err
	}
	if err := guard.Known(device); err != nil {
		// A device that is in doubt may not be able to end.
		_ = device.Close()
		return nil, err
	}
	return device, nil
}

// Driven reports whether the driver of a device executes tensors, in a process of its own, and not the processor.
func (d Device) Driven() bool { return d.Backend.driven() }

// Identity names the hardware and the driver. What is known of a device with one identity does not
// count for another.
func (d Device) Identity() string {
	return fmt.Sprintf("%s %s %s driver %s api %s", d.Backend, d.Name, d.UUID, d.Driver, d.API)
}

// String describes the device to its owner.
func (d Device) String() string {
	switch d.Backend {
	case Reference:
		return "the processor, in plain Go"
	case CPU:
		return "the processor"
	case Vulkan, CUDA:
	}
	text := fmt.Sprintf("%s, %s, %.1f GiB, driver %s, %s", d.Name, d.Kind, float64(d.MemoryBytes)/(1<<30), d.Driver, d.Interface())
	if d.Missing != "" {
		text += ", without " + d.Missing
	}
	return text
}

// Interface names that of the driver with its version, as in "Vulkan 1.3.0"; empty for the processor.
func (d Device) Interface() string {
	switch d.Backend {
	case Vulkan:
		return "Vulkan " + d.API
	case CUDA:
		return "CUDA " + d.API
	case CPU, Reference:
	}
	return ""
}

// Shared reports whether the memory of the device is that of the machine.
func (d Device) Shared() bool { return !d.Driven() || d.Kind != "discrete" }
