package device

import "fmt"

// GPU describes one graphics processor according to its driver.
type GPU struct {
	Index int `json:"index"`
	// UUID identifies the processor across restarts. Containers ask for a processor by this
	// name.
	UUID string `json:"uuid"`
	// Model is the name that the driver reports for the processor, or Unknown.
	Model       string `json:"model"`
	MemoryBytes uint64 `json:"memory_bytes"`
	// Capability is the CUDA compute capability, such as 8.0. It can be empty.
	Capability string `json:"capability,omitempty"`
	// Driver is the version of the driver. It can be empty.
	Driver string `json:"driver,omitempty"`
}

// GPUs gives access to this machine's graphics processors.
type GPUs interface {
	// List returns the processors in the order of their indexes.
	List() ([]GPU, error)
	// Energy returns the energy that one processor has used since its driver was loaded, in
	// millijoules. The error wraps ErrNotMeasured if the hardware or the driver does not count
	// energy.
	Energy(uuid string) (uint64, error)
	// Close releases the driver. Callers must not call any method after it.
	Close() error
}

// NoGPUs implements GPUs for a machine without graphics processors.
type NoGPUs struct{}

// List returns an empty list.
func (NoGPUs) List() ([]GPU, error) { return nil, nil }

// Energy always fails, because there is no processor.
func (NoGPUs) Energy(uuid string) (uint64, error) {
	return 0, fmt.Errorf("%w: no graphics processor %s here", ErrNotMeasured, uuid)
}

// Close does nothing.
func (NoGPUs) Close() error { return nil }
