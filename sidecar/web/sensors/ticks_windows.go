package sensors

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemTicks returns the processor's times since the start of the system, in units of 100 ns.
func systemTicks() (ticks, error) {
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemTimes")
	if err := call.Find(); err != nil {
		return ticks{}, err
	}
	var idle, kernel, user windows.Filetime
	done, _, err := call.Call(uintptr(unsafe.Pointer(&idle)), uintptr(unsafe.Pointer(&kernel)), uintptr(unsafe.Pointer(&user))) //nolint:gosec // the call needs the addresses
	if done == 0 {
		return ticks{}, fmt.Errorf("Windows does not tell its load: %w", err)
	}
	count := func(t windows.Filetime) uint64 { return uint64(t.HighDateTime)<<32 | uint64(t.LowDateTime) }
	// The time of the kernel contains the idle time.
	return ticks{all: count(kernel) + count(user), idle: count(idle)}, nil
}
