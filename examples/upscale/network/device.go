package network

import (
	"os"

	"github.com/thetaedge/theta/tensor"
)

// Device has the operations of the profile tensor/1.
type Device interface {
	// Alloc makes a tensor of zeros.
	Alloc(shape tensor.Shape) (tensor.Handle, error)
	// Write and Read copy bytes into a tensor and out of it.
	Write(handle tensor.Handle, offset uint64, p []byte) error
	Read(handle tensor.Handle, offset uint64, p []byte) error
	// Load copies a number of bytes of a file, from a position on, into a tensor.
	Load(file *os.File, position int64, handle tensor.Handle, offset, length uint64) error
	// Submit begins operations.
	Submit(ops ...tensor.Op) error
}
