package vulkan

import (
	"errors"
	"fmt"
)

// Errors of a device. None is a result of a program.
var (
	// ErrNotAvailable says that this machine or this platform has no Vulkan, or no such device.
	ErrNotAvailable = errors.New("vulkan is not available")
	// ErrMemory says that the device, or the machine for the device, has no memory left.
	ErrMemory = errors.New("the device has no memory left")
	// ErrLost says that the driver gave up the device, or that the device did not do what it was
	// asked to in time. The device is of no use any more: open it again, best in a new process.
	ErrLost = errors.New("the device is lost")
)

// result is a VkResult.
type result int32

// Results that make a difference.
const (
	success            result = 0
	timeout            result = 2
	incomplete         result = 5
	outOfHostMemory    result = -1
	outOfDeviceMemory  result = -2
	deviceLost         result = -4
	featureNotPresent  result = -8
	incompatibleDriver result = -9
)

func (r result) String() string {
	switch r {
	case timeout:
		return "VK_TIMEOUT"
	case outOfHostMemory:
		return "VK_ERROR_OUT_OF_HOST_MEMORY"
	case outOfDeviceMemory:
		return "VK_ERROR_OUT_OF_DEVICE_MEMORY"
	case deviceLost:
		return "VK_ERROR_DEVICE_LOST"
	case incompatibleDriver:
		return "VK_ERROR_INCOMPATIBLE_DRIVER"
	case featureNotPresent:
		return "VK_ERROR_FEATURE_NOT_PRESENT"
	case success, incomplete:
	}
	return fmt.Sprintf("VkResult %d", int32(r))
}

// check returns nil for success, and otherwise an error that says what failed.
func (r result) check(what string) error {
	switch r {
	case success:
		return nil
	case outOfHostMemory, outOfDeviceMemory:
		return fmt.Errorf("%w: %s: %v", ErrMemory, what, r)
	case deviceLost, timeout:
		return fmt.Errorf("%w: %s: %v", ErrLost, what, r)
	case incomplete, incompatibleDriver, featureNotPresent:
	}
	return fmt.Errorf("%s: expected success of Vulkan, found %v; update the driver", what, r)
}
