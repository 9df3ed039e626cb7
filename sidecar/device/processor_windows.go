package device

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemProcessorTimes returns the times since the start of the system, in units of 100 ns.
func systemProcessorTimes() (ProcessorTimes, error) {
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemTimes")
	if err := call.Find(); err != nil {
		return ProcessorTimes{}, err
	}
	var idle, kernel, user windows.Filetime
	done, _, err := call.Call(uintptr(unsafe.Pointer(&idle)), uintptr(unsafe.Pointer(&kernel)), uintptr(unsafe.Pointer(&user))) //nolint:gosec // the call needs the addresses
	if done == 0 {
		return ProcessorTimes{}, fmt.Errorf("Windows does not tell its load: %w", err)
	}
	count := func(t windows.Filetime) uint64 { return uint64(t.HighDateTime)<<32 | uint64(t.LowDateTime) }
	// The time of the kernel contains the idle time.
	total := count(kernel) + count(user)
	return ProcessorTimes{Total: total, Idle: min(total, count(idle))}, nil
}
