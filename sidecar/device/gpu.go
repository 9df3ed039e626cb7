package device

import "fmt"

// GPU is one graphics processor as its driver describes it.
type GPU struct {
	Index int `json:"index"`
	// UUID names it across restarts and is what a container asks for.
	UUID string `json:"uuid"`
	// Model is the driver's name for it, or Unknown.
	Model       string `json:"model"`
	MemoryBytes uint64 `json:"memory_bytes"`
	// Capability is the CUDA compute capability such as 8.0, or empty.
	Capability string `json:"capability,omitempty"`
	// Driver is the version of the driver, or empty.
	Driver string `json:"driver,omitempty"`
}

// GPUs gives access to this machine's graphics processors.
type GPUs interface {
	// List describes them, by index.
	List() ([]GPU, error)
	// Energy is what one has used since its driver was loaded, in millijoules.
	// It wraps ErrNotMeasured where the hardware or the driver does not count.
	Energy(uuid string) (uint64, error)
	// Close gives the driver back; nothing may be called after it.
	Close() error
}

// NoGPUs is a machine without graphics processors.
type NoGPUs struct{}

// List is empty.
func (NoGPUs) List() ([]GPU, error) { return nil, nil }

// Energy never has anything to count.
func (NoGPUs) Energy(uuid string) (uint64, error) {
	return 0, fmt.Errorf("%w: no graphics processor %s here", ErrNotMeasured, uuid)
}

// Close has nothing to give back.
func (NoGPUs) Close() error { return nil }
