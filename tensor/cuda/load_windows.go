//go:build amd64 || arm64

package cuda

import (
	"fmt"
	"syscall"
	"unsafe"
)

// searchSystem32 is LOAD_LIBRARY_SEARCH_SYSTEM32: no other folder counts.
const searchSystem32 = 0x800

// load opens the library of the driver, and returns what looks up its functions.
func load() (func(name string) uintptr, error) {
	const name = "nvcuda.dll"
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	open := syscall.NewLazyDLL("kernel32.dll").NewProc("LoadLibraryExW")
	opened, _, err := open.Call(uintptr(unsafe.Pointer(path)), 0, searchSystem32)
	if opened == 0 {
		return nil, fmt.Errorf("%w: expected the library %s: %w; install the driver of the card", ErrNoLibrary, name, err)
	}
	return func(name string) uintptr {
		address, err := syscall.GetProcAddress(syscall.Handle(opened), name)
		if err != nil {
			return 0
		}
		return address
	}, nil
}
