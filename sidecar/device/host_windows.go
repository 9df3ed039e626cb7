package device

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// cpuModel reads the processor's name from the registry.
func cpuModel(string) (string, error) {
	const path = `HARDWARE\DESCRIPTION\System\CentralProcessor\0`
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if err != nil {
		return Unknown, fmt.Errorf("cannot open %s in the registry: %w", path, err)
	}
	name, _, err := key.GetStringValue("ProcessorNameString")
	if err = errors.Join(err, key.Close()); err != nil {
		return Unknown, fmt.Errorf("cannot read the processor's name in the registry: %w", err)
	}
	if name = strings.Join(strings.Fields(name), " "); name == "" {
		return Unknown, fmt.Errorf("expected the processor's name at %s in the registry, found an empty text", path)
	}
	return name, nil
}

// memoryBytes returns the memory that Windows manages. What firmware and graphics processors have taken for
// themselves is not part of it.
func memoryBytes(string) (uint64, error) {
	// MEMORYSTATUSEX
	status := struct {
		length, load                                                                          uint32
		memory, freeMemory, pages, freePages, addresses, freeAddresses, freeExtendedAddresses uint64
	}{}
	status.length = uint32(unsafe.Sizeof(status))
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
	if err := call.Find(); err != nil {
		return 0, err
	}
	if done, _, err := call.Call(uintptr(unsafe.Pointer(&status))); done == 0 { //nolint:gosec // the call needs the address
		return 0, fmt.Errorf("Windows does not tell its memory: %w", err)
	}
	return status.memory, nil
}
