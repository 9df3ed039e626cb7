//go:build amd64 || arm64

package vulkan

import (
	"fmt"
	"syscall"
	"unsafe"
)

// searchSystem32 is LOAD_LIBRARY_SEARCH_SYSTEM32: no other folder counts.
const searchSystem32 = 0x800

// load opens the loader of Vulkan, which drivers put among the libraries of the system.
func load() (*library, error) {
	const name = "vulkan-1.dll"
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	open := syscall.NewLazyDLL("kernel32.dll").NewProc("LoadLibraryExW")
	opened, _, err := open.Call(uintptr(unsafe.Pointer(path)), 0, searchSystem32)
	if opened == 0 {
		return nil, fmt.Errorf("%w: expected the library %s: %w; install a driver for Vulkan", ErrNotAvailable, name, err)
	}
	address, err := syscall.GetProcAddress(syscall.Handle(opened), "vkGetInstanceProcAddr")
	if err != nil {
		return nil, fmt.Errorf("%w: the library %s: %w; install a driver for Vulkan again", ErrNotAvailable, name, err)
	}
	return &library{getInstanceProcAddr: function(address)}, nil
}
