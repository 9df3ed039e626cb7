package worker

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/cuda"
)

// extra is what a process has in addition to what every process has: its role, two files in this
// order, one to read from and one to write to, and what it is told about tensors.
type extra struct {
	role    role
	files   []*os.File
	tensors tensorSettings
	// bring puts files into the folder of the process before it starts; it may be nil.
	bring func(folder string)
	// device is the process of the device that a worker process uses; nil if there is none.
	device *process
}

// process returns the name of a process in lists of processes.
func (r role) process() string {
	if r == "" {
		return processName
	}
	return "theta-device"
}

// withDevice returns the configuration of a worker process with a device, and what the process gets.
// A process whose device is the processor holds the tensors itself.
func (c *Config) withDevice(a *attached) (*Config, extra) {
	own := *c
	if c.Swap != nil {
		own.FileBytes = max(own.FileBytes, c.Swap.Bytes)
	}
	if a == nil {
		return &own, extra{}
	}
	own.KeepBytes = keepable(c.KeepBytes, a.device, c.Slots)
	if !a.device.Driven() {
		own.MemoryBytes += min(c.Tensors.Bytes, math.MaxUint64-c.MemoryBytes)
	}
	told := tensorSettings{Device: &a.device, Limit: c.Tensors.Limit}
	if a.proc != nil {
		// Its process has compared it with the published vectors, now or earlier.
		told.Known = a.proc.hello.Engine
	}
	return &own, extra{files: a.ends, tensors: told, device: a.proc}
}

// keepShare is the part of the memory of a device that kept weights and tensors may take together, in
// percent.
const keepShare = 90

// keepable bounds the weights that a worker process keeps by an equal share of the memory of its device. A
// device that has no memory left fails for good, and weights would not give way before.
func keepable(keep uint64, d backend.Device, slots int) uint64 {
	if d.MemoryBytes == 0 {
		return keep
	}
	return min(keep, d.MemoryBytes/100*keepShare/uint64(max(slots, 1))) //nolint:gosec // positive
}

// namesDriver reports whether the owner names drivers with a variable of the environment: lists of drivers for
// Vulkan, and the library of the driver for CUDA.
func namesDriver(variable string) bool {
	return variable == "VK_DRIVER_FILES" || variable == "VK_ICD_FILENAMES" || variable == cuda.LibraryVariable
}

// driverEnv returns the environment of a driver: where it may keep files, how many cores a driver
// that computes on the processor may use, no layers that programs have installed for all others, and
// the drivers that the owner has named in the daemon's environment.
func driverEnv(folder string, cores int, environ []string) []string {
	out := filepath.Join(folder, outFolder)
	env := []string{
		"HOME=" + out, "XDG_CACHE_HOME=" + out, "MESA_SHADER_CACHE_DIR=" + out, "__GL_SHADER_DISK_CACHE_PATH=" + out,
		"CUDA_CACHE_PATH=" + out, "LP_NUM_THREADS=" + strconv.Itoa(cores), "VK_LOADER_LAYERS_DISABLE=~implicit~",
	}
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); namesDriver(name) {
			env = append(env, entry)
		}
	}
	return env
}
