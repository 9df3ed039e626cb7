//go:build linux && cgo

package device

import (
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// OpenGPUs loads the NVIDIA management library, by its usual name if library is empty. A
// machine without the library or without the driver has no GPUs, which is not an error. A
// driver that is installed but does not work is an error. Call OpenGPUs once per process,
// because the library's symbols stay bound to the first file that was loaded.
func OpenGPUs(library string) (GPUs, error) {
	var options []nvml.LibraryOption
	if library != "" {
		options = append(options, nvml.WithLibraryPath(library))
	}
	return openNVML(nvml.New(options...))
}

// nvmlGPUs calls a driver through go-nvml.
type nvmlGPUs struct {
	lib nvml.Interface
	// seen is the time, by the driver's clock in µs, up to which the use of a card was read.
	seen map[string]uint64
}

func openNVML(lib nvml.Interface) (GPUs, error) {
	switch ret := lib.Init(); ret {
	case nvml.SUCCESS:
		return &nvmlGPUs{lib: lib, seen: map[string]uint64{}}, nil
	case nvml.ERROR_LIBRARY_NOT_FOUND, nvml.ERROR_DRIVER_NOT_LOADED:
		return NoGPUs{}, nil
	default:
		return NoGPUs{}, fmt.Errorf("the NVIDIA driver is installed and does not start: %s; after a driver update, restart the machine", nvml.ErrorString(ret))
	}
}

// List skips a processor that the driver lists but cannot describe, and reports that.
func (g *nvmlGPUs) List() ([]GPU, error) {
	count, ret := g.lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return nil, fmt.Errorf("cannot count the graphics processors: %s", nvml.ErrorString(ret))
	}
	driver, ret := g.lib.SystemGetDriverVersion()
	if ret != nvml.SUCCESS {
		driver = ""
	}
	var gpus []GPU
	var failed error
	for i := range count {
		gpu, err := g.describe(i)
		if err != nil {
			failed = fmt.Errorf("graphics processor %d: %w; it is left out", i, err)
			continue
		}
		gpu.Driver = driver
		gpus = append(gpus, gpu)
	}
	return gpus, failed
}

func (g *nvmlGPUs) describe(index int) (GPU, error) {
	gpu := GPU{Index: index, Model: Unknown}
	handle, ret := g.lib.DeviceGetHandleByIndex(index)
	if ret != nvml.SUCCESS {
		return gpu, fmt.Errorf("cannot be opened: %s", nvml.ErrorString(ret))
	}
	if gpu.UUID, ret = handle.GetUUID(); ret != nvml.SUCCESS {
		return gpu, fmt.Errorf("has no UUID: %s", nvml.ErrorString(ret))
	}
	memory, ret := handle.GetMemoryInfo()
	if ret != nvml.SUCCESS {
		return gpu, fmt.Errorf("does not tell its memory: %s", nvml.ErrorString(ret))
	}
	gpu.MemoryBytes = memory.Total
	if name, ret := handle.GetName(); ret == nvml.SUCCESS {
		gpu.Model = name
	}
	if major, minor, ret := handle.GetCudaComputeCapability(); ret == nvml.SUCCESS {
		gpu.Capability = fmt.Sprintf("%d.%d", major, minor)
	}
	return gpu, nil
}

// Energy first checks whether the driver has the counter, because calling a symbol that an old
// library lacks would end the process.
func (g *nvmlGPUs) Energy(uuid string) (uint64, error) {
	if err := g.lib.Extensions().LookupSymbol("nvmlDeviceGetTotalEnergyConsumption"); err != nil {
		return 0, fmt.Errorf("%w: the NVIDIA driver is too old to count energy; update it", ErrNotMeasured)
	}
	handle, ret := g.lib.DeviceGetHandleByUUID(uuid)
	if ret != nvml.SUCCESS {
		return 0, fmt.Errorf("%w: cannot open graphics processor %s: %s", ErrNotMeasured, uuid, nvml.ErrorString(ret))
	}
	millijoules, ret := handle.GetTotalEnergyConsumption()
	if ret != nvml.SUCCESS {
		return 0, fmt.Errorf("%w: graphics processor %s: %s", ErrNotMeasured, uuid, nvml.ErrorString(ret))
	}
	return millijoules, nil
}

// Close shuts the library down.
func (g *nvmlGPUs) Close() error {
	if ret := g.lib.Shutdown(); ret != nvml.SUCCESS {
		return fmt.Errorf("cannot shut the NVIDIA library down: %s", nvml.ErrorString(ret))
	}
	return nil
}
