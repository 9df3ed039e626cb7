package cuda

import (
	"errors"
	"fmt"
)

// Errors of a card. None is a result of a program.
var (
	// ErrNotAvailable says that this machine or this platform has no CUDA, or no such card.
	ErrNotAvailable = errors.New("cuda is not available")
	// ErrNoLibrary says that there is no driver for CUDA at all; it wraps ErrNotAvailable.
	ErrNoLibrary = fmt.Errorf("%w: there is no driver", ErrNotAvailable)
	// ErrMemory says that the card, or the machine for the card, has no memory left.
	ErrMemory = errors.New("the device has no memory left")
	// ErrLost says that the driver gave up the card, or that the card did not do what it was asked to in
	// time. It is of no use any more: open it again, in a new process.
	ErrLost = errors.New("the device is lost")
)

// result is a CUresult.
type result int32

// Results that make a difference.
const (
	success             result = 0
	invalidValue        result = 1
	outOfMemory         result = 2
	stubLibrary         result = 34
	deviceUnavailable   result = 46
	noDevice            result = 100
	noBinary            result = 209
	eccUncorrectable    result = 214
	invalidPTX          result = 218
	nvlinkUncorrectable result = 220
	noCompiler          result = 221
	newerPTX            result = 222
	notReady            result = 600
	illegalAddress      result = 700
	launchTimeout       result = 702
	contextDestroyed    result = 709
	deviceAssert        result = 710
	hardwareStack       result = 714
	illegalInstruction  result = 715
	misalignedAddress   result = 716
	invalidAddressSpace result = 717
	invalidPC           result = 718
	launchFailed        result = 719
	systemNotReady      result = 802
	driverMismatch      result = 803
	unknown             result = 999
)

func (r result) String() string {
	name, found := map[result]string{
		invalidValue: "INVALID_VALUE", outOfMemory: "OUT_OF_MEMORY", stubLibrary: "STUB_LIBRARY", deviceUnavailable: "DEVICE_UNAVAILABLE",
		noDevice: "NO_DEVICE", noBinary: "NO_BINARY_FOR_GPU", eccUncorrectable: "ECC_UNCORRECTABLE", invalidPTX: "INVALID_PTX",
		nvlinkUncorrectable: "NVLINK_UNCORRECTABLE", noCompiler: "JIT_COMPILER_NOT_FOUND", newerPTX: "UNSUPPORTED_PTX_VERSION",
		notReady: "NOT_READY", illegalAddress: "ILLEGAL_ADDRESS", launchTimeout: "LAUNCH_TIMEOUT", contextDestroyed: "CONTEXT_IS_DESTROYED",
		deviceAssert: "ASSERT", hardwareStack: "HARDWARE_STACK_ERROR", illegalInstruction: "ILLEGAL_INSTRUCTION",
		misalignedAddress: "MISALIGNED_ADDRESS", invalidAddressSpace: "INVALID_ADDRESS_SPACE", invalidPC: "INVALID_PC",
		launchFailed: "LAUNCH_FAILED", systemNotReady: "SYSTEM_NOT_READY", driverMismatch: "SYSTEM_DRIVER_MISMATCH", unknown: "UNKNOWN",
	}[r]
	if !found {
		return fmt.Sprintf("CUresult %d", int32(r))
	}
	return "CUDA_ERROR_" + name
}

// check returns nil for success, and otherwise an error that says what failed.
func (r result) check(what string) error {
	switch r {
	case success:
		return nil
	case outOfMemory:
		return fmt.Errorf("%w: %s: %v", ErrMemory, what, r)
	case eccUncorrectable, nvlinkUncorrectable, deviceUnavailable, notReady, illegalAddress, launchTimeout, contextDestroyed, deviceAssert,
		hardwareStack, illegalInstruction, misalignedAddress, invalidAddressSpace, invalidPC, launchFailed, unknown:
		return fmt.Errorf("%w: %s: %v", ErrLost, what, r)
	case noDevice:
		return fmt.Errorf("%w: %s: %v", ErrNotAvailable, what, r)
	case driverMismatch:
		return fmt.Errorf("%w: %s: %v; the driver was updated while it ran: restart the machine", ErrNotAvailable, what, r)
	case systemNotReady, stubLibrary:
		return fmt.Errorf("%w: %s: %v; install the driver again and restart the machine", ErrNotAvailable, what, r)
	case invalidValue, noBinary, invalidPTX, noCompiler, newerPTX:
	}
	return fmt.Errorf("%s: expected success of CUDA, found %v; update the driver", what, r)
}
