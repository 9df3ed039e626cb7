//go:build wasip1

package device

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/thetaedge/theta/tensor"
)

//go:wasmimport theta_tensor_1 alloc
func alloc(kind uint32, count uint64) uint32

//go:wasmimport theta_tensor_1 write
func write(handle uint32, offset uint64, from unsafe.Pointer, length uint32)

//go:wasmimport theta_tensor_1 read
func read(handle uint32, offset uint64, to unsafe.Pointer, length uint32)

//go:wasmimport theta_tensor_1 load
func load(fd uint32, position uint64, handle uint32, offset, length uint64) uint32

//go:wasmimport theta_tensor_1 submit
func submit(records unsafe.Pointer, count uint32)

// Sandbox runs operations outside of the sandbox of the program. A wrong operation ends the
// program.
type Sandbox struct{}

// New returns the operations of the sandbox.
func New() Sandbox { return Sandbox{} }

// Alloc makes a tensor of zeros.
func (Sandbox) Alloc(shape tensor.Shape) (tensor.Handle, error) {
	return tensor.Handle(alloc(uint32(shape.Type), shape.Count)), nil
}

// Write copies bytes into a tensor.
func (Sandbox) Write(handle tensor.Handle, offset uint64, p []byte) error {
	write(uint32(handle), offset, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
	runtime.KeepAlive(p)
	return nil
}

// Read copies bytes out of a tensor.
func (Sandbox) Read(handle tensor.Handle, offset uint64, p []byte) error {
	read(uint32(handle), offset, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
	runtime.KeepAlive(p)
	return nil
}

// Load copies a number of bytes of a file, from a position on, into a tensor.
func (Sandbox) Load(file *os.File, position int64, handle tensor.Handle, offset, length uint64) error {
	if errno := load(uint32(file.Fd()), uint64(position), uint32(handle), offset, length); errno != 0 {
		return fmt.Errorf("read %d bytes from %d on: %w", length, position, syscall.Errno(errno))
	}
	return nil
}

// Submit begins operations.
func (Sandbox) Submit(ops ...tensor.Op) error {
	records := tensor.Encode(ops...)
	submit(unsafe.Pointer(unsafe.SliceData(records)), uint32(len(ops)))
	runtime.KeepAlive(records)
	return nil
}
