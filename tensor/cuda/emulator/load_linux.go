//go:build amd64 || arm64

package emulator

import (
	"path/filepath"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library returns the handle of the library in this process.
var library = sync.OnceValues(func() (uintptr, error) {
	folder, err := Folder()
	if err != nil {
		return 0, err
	}
	return purego.Dlopen(filepath.Join(folder, name), purego.RTLD_NOW|purego.RTLD_LOCAL)
})

// Load makes the emulated card that of this process: a library that is loaded is found by its name.
func Load() error {
	_, err := library()
	return err
}

// Set sets a variable that changes what the emulated card of this process is and does; "" is what it is unless
// something is set. It undoes errors that stay.
func Set(variable, value string) error {
	handle, err := library()
	if err != nil {
		return err
	}
	address, err := purego.Dlsym(handle, "emulator_set")
	if err != nil {
		return err
	}
	text := append([]byte(variable+"\x00"+value), 0)
	purego.SyscallN(address, uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&text[len(variable)+1])))
	return nil
}
