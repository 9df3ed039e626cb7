package cuda

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
)

// buffer is a tensor of a card.
type buffer struct {
	device *Device
	shape  tensor.Shape
	place  span
	freed  bool
}

// New returns a tensor of zeros. It fails with ErrMemory if the card has no memory left.
func (d *Device) New(s tensor.Shape) (tensor.Buffer, error) {
	leave, err := d.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	p, err := d.take(s.Type.Bytes(s.Count))
	if err != nil {
		return nil, err
	}
	if err := d.fill(p.at, p.size, 0); err != nil {
		return nil, err
	}
	return &buffer{device: d, shape: s, place: p}, nil
}

// Shape returns the type and the size.
func (b *buffer) Shape() tensor.Shape { return b.shape }

// Write sets bytes.
func (b *buffer) Write(offset uint64, p []byte) error {
	leave, err := b.enter(offset, uint64(len(p)))
	if err != nil {
		return err
	}
	defer leave()
	return b.device.upload(b.place.at+uintptr(offset), p)
}

// Read returns bytes.
func (b *buffer) Read(offset uint64, p []byte) error {
	leave, err := b.enter(offset, uint64(len(p)))
	if err != nil {
		return err
	}
	defer leave()
	return b.device.download(b.place.at+uintptr(offset), p)
}

// Free gives up the tensor.
func (b *buffer) Free() error {
	if err := b.check(); err != nil {
		return err
	}
	b.freed = true
	b.device.give(b.place)
	return nil
}

func (b *buffer) check() error {
	if b.freed {
		return fmt.Errorf("expected a tensor of %s, found one that was freed", b.device.Name())
	}
	return b.device.lost
}

// enter turns to the card for bytes that lie in the tensor.
func (b *buffer) enter(offset, length uint64) (func(), error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	if err := b.covers(offset, length); err != nil {
		return nil, err
	}
	return b.device.enter()
}

// covers checks that bytes lie in the tensor.
func (b *buffer) covers(offset, length uint64) error {
	if size := b.shape.Type.Bytes(b.shape.Count); offset > size || length > size-offset {
		return fmt.Errorf("expected bytes within a tensor of %d, found %d from %d on", size, length, offset)
	}
	return nil
}

// held returns the tensors of a call, nil for operands that are left out.
func (d *Device) held(call tensor.Call) ([]*buffer, error) {
	held := make([]*buffer, len(call.Buffers))
	for i, b := range call.Buffers {
		if b == nil {
			continue
		}
		own, is := b.(*buffer)
		if !is || own.device != d {
			return nil, fmt.Errorf("expected a tensor of %s for operand %d, found another device's", d.Name(), i)
		}
		if err := own.check(); err != nil {
			return nil, err
		}
		held[i] = own
	}
	return held, nil
}
