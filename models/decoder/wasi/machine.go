//go:build wasip1

package wasi

import (
	"fmt"
	"math"
	"os"
	"syscall"
	"unsafe"

	"github.com/thetaedge/theta/tensor"
)

//go:wasmimport theta_tensor_1 alloc
func alloc(kind uint32, count uint64) uint32

//go:wasmimport theta_tensor_1 free
func free(handle uint32)

//go:wasmimport theta_tensor_1 write
func write(handle uint32, offset uint64, p unsafe.Pointer, length uint32)

//go:wasmimport theta_tensor_1 read
func read(handle uint32, offset uint64, p unsafe.Pointer, length uint32)

//go:wasmimport theta_tensor_1 load
func load(file uint32, position uint64, handle uint32, offset, length uint64) uint32

//go:wasmimport theta_tensor_1 submit
func submit(p unsafe.Pointer, count uint32)

// Machine is the tensors of the program. Except for Load, its calls end the program instead of
// returning an error.
type Machine struct {
	file *os.File
}

// New returns a machine that loads from a model's file. The file has to stay open.
func New(file *os.File) *Machine { return &Machine{file: file} }

// Alloc makes a tensor of zeros.
func (*Machine) Alloc(s tensor.Shape) (tensor.Handle, error) {
	return tensor.Handle(alloc(uint32(s.Type), s.Count)), nil
}

// Free gives up a tensor.
func (*Machine) Free(handle tensor.Handle) error {
	free(uint32(handle))
	return nil
}

// Write copies bytes into a tensor.
func (*Machine) Write(handle tensor.Handle, offset uint64, p []byte) error {
	if len(p) > 0 {
		write(uint32(handle), offset, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
	}
	return nil
}

// Read waits for everything that was submitted, and copies bytes out of a tensor.
func (*Machine) Read(handle tensor.Handle, offset uint64, p []byte) error {
	if len(p) > 0 {
		read(uint32(handle), offset, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
	}
	return nil
}

// Load copies bytes of the file into a tensor. It fails if the file cannot be read.
func (m *Machine) Load(position int64, handle tensor.Handle, offset, length uint64) error {
	fd := m.file.Fd()
	if position < 0 || uint64(fd) > math.MaxUint32 {
		return fmt.Errorf("expected an open file and a position from 0 on, found %d", position)
	}
	if errno := load(uint32(fd), uint64(position), uint32(handle), offset, length); errno != 0 {
		return fmt.Errorf("load %d bytes of %s from %d on: %w", length, m.file.Name(), position, syscall.Errno(errno))
	}
	return nil
}

// Submit begins operations. Everything that they read was written before.
func (*Machine) Submit(ops ...tensor.Op) error {
	for len(ops) > 0 {
		part := ops[:min(len(ops), tensor.MaxRecords)]
		records := tensor.Encode(part...)
		submit(unsafe.Pointer(unsafe.SliceData(records)), uint32(len(part)))
		ops = ops[len(part):]
	}
	return nil
}
