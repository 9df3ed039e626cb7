package guard

import "github.com/thetaedge/theta/tensor"

// buffer is a tensor of a guarded device.
type buffer struct {
	device *Device
	inner  tensor.Buffer
	shape  tensor.Shape
	// computed says that an operation has written to the tensor since the last Write.
	computed bool
	// version counts what may have changed the tensor.
	version uint64
	// summed are the matrices in it that the guard has added up.
	summed []matrix
}

// Shape returns the type and the size.
func (b *buffer) Shape() tensor.Shape { return b.shape }

// Write sets bytes.
func (b *buffer) Write(offset uint64, p []byte) error {
	b.computed = false
	b.version++
	b.device.products.library.forget(b)
	return b.device.inner.write(b.inner, offset, p)
}

// Read returns bytes.
func (b *buffer) Read(offset uint64, p []byte) error {
	read, err := b.device.inner.read(b.inner, offset, uint64(len(p)))
	copy(p, read)
	return err
}

// Free gives up the tensor.
func (b *buffer) Free() error {
	b.device.products.library.forget(b)
	return b.device.inner.free(b.inner)
}

// outputs are the operands that operations write to, by the kind of their calls.
type outputs map[kind][]int

// maxOutputs bounds the memory of outputs.
const maxOutputs = 4096

// of returns the operands that a call writes to.
func (known outputs) of(k kind, op tensor.Op, buffers []*buffer) []int {
	if list, found := known[k]; found {
		return list
	}
	operands := tensor.Operands(op)
	shape := func(h tensor.Handle) (tensor.Shape, bool) {
		for i, o := range operands {
			if o.Tensor == h && buffers[i] != nil {
				return buffers[i].shape, true
			}
		}
		return tensor.Shape{}, false
	}
	var list []int
	for _, p := range tensor.Places(op, shape) {
		if p.Output {
			list = append(list, p.Operand)
		}
	}
	if len(known) >= maxOutputs {
		clear(known)
	}
	known[k] = list
	return list
}

// written notes that a call has other results in its outputs.
func (d *Device) written(k kind, op tensor.Op, buffers []*buffer) {
	for _, i := range d.outputs.of(k, op, buffers) {
		buffers[i].computed = true
		buffers[i].version++
	}
}
