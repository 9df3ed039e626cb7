package tensors

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor"
)

// lent is the device of one run. It is taken when the program first uses a tensor. All of its
// errors wrap executor.ErrDevice.
type lent struct {
	devices *devices
	opened  *opened
	writes  writes
	failed  bool
}

var _ tensor.Device = (*lent)(nil)

// check marks an error as one of the device.
func (l *lent) check(err error) error {
	if err == nil || errors.Is(err, executor.ErrDevice) {
		return err
	}
	l.failed = true
	return fmt.Errorf("%w: %w", executor.ErrDevice, err)
}

// weights returns those that the device keeps.
func (l *lent) weights() (*weights, error) {
	if l.opened == nil {
		device, err := l.devices.take()
		if err != nil {
			return nil, err
		}
		l.opened = device
	}
	return l.opened.weights, nil
}

// Name says what executes.
func (l *lent) Name() string {
	if l.opened == nil {
		return "no device"
	}
	return l.opened.device.Name()
}

// New returns a tensor of zeros. The device makes it when it is first used: a tensor whose whole
// content is loaded may share that of other tasks.
func (l *lent) New(s tensor.Shape) (tensor.Buffer, error) { return &lentBuffer{lent: l, shape: s}, nil }

// Submit begins calls. Tensors that they write to become those of the run alone before.
func (l *lent) Submit(submitted []tensor.Call) error {
	for _, call := range submitted {
		for i, buffer := range call.Buffers {
			b, _ := buffer.(*lentBuffer)
			if b == nil || b.kept == nil || !l.writes.to(call, i) {
				continue
			}
			if _, err := b.alone(); err != nil {
				return err
			}
		}
	}
	for _, call := range submitted {
		for i, buffer := range call.Buffers {
			if buffer == nil {
				continue
			}
			inner, err := buffer.(*lentBuffer).held()
			if err != nil {
				return err
			}
			call.Buffers[i] = inner
		}
	}
	if l.opened == nil {
		return nil
	}
	return l.check(l.opened.device.Submit(submitted))
}

// Wait returns after all calls have ended, with their checksums.
func (l *lent) Wait() ([]uint64, error) {
	if l.opened == nil {
		return nil, nil
	}
	sums, err := l.opened.device.Wait()
	return sums, l.check(err)
}

// Close gives the device back.
func (l *lent) Close() error {
	if l.opened != nil {
		l.devices.give(l.opened, l.failed)
		l.opened = nil
	}
	return nil
}

// lentBuffer is a tensor of a run: one of its own, or kept weights that it shares until something
// else is written to it, or neither, while it holds zeros and the program has not used it.
type lentBuffer struct {
	lent  *lent
	shape tensor.Shape
	own   tensor.Buffer
	kept  *weight
}

var _ tensor.Buffer = (*lentBuffer)(nil)

// Shape returns the type and the size.
func (b *lentBuffer) Shape() tensor.Shape { return b.shape }

// held returns what holds the content, which may be shared.
func (b *lentBuffer) held() (tensor.Buffer, error) {
	if b.kept != nil {
		return b.kept.buffer, nil
	}
	if b.own != nil {
		return b.own, nil
	}
	w, err := b.lent.weights()
	if err != nil {
		return nil, err
	}
	b.own, err = w.own(b.shape)
	return b.own, b.lent.check(err)
}

// alone returns what holds the content after the tensor has stopped sharing it.
func (b *lentBuffer) alone() (tensor.Buffer, error) {
	if b.kept == nil {
		return b.held()
	}
	own, err := b.lent.opened.weights.separate(b.kept)
	if err != nil {
		return nil, b.lent.check(err)
	}
	b.own, b.kept = own, nil
	return own, nil
}

// load fills the tensor with a part of a file: the device has it already, or fill writes it piece by
// piece from 0 on.
func (b *lentBuffer) load(p part, fill func(write func(offset uint64, p []byte) error) error) error {
	w, err := b.lent.weights()
	if err != nil {
		return err
	}
	if err := b.Free(); err != nil {
		return err
	}
	kept, err := w.find(p)
	if err == nil && kept == nil {
		kept, err = w.prepare(p)
	}
	switch {
	case err != nil:
		return b.lent.check(err)
	case kept == nil: // there is no room to keep it
		return fill(b.Write)
	case !kept.loaded():
		if err := fill(func(offset uint64, p []byte) error { return b.lent.check(kept.write(offset, p)) }); err != nil {
			return errors.Join(err, b.lent.check(kept.buffer.Free()))
		}
	}
	w.use(kept)
	b.kept = kept
	return nil
}

// Write sets bytes.
func (b *lentBuffer) Write(offset uint64, p []byte) error {
	inner, err := b.alone()
	if err != nil {
		return err
	}
	return b.lent.check(inner.Write(offset, p))
}

// Read returns bytes.
func (b *lentBuffer) Read(offset uint64, p []byte) error {
	inner, err := b.held()
	if err != nil {
		return err
	}
	return b.lent.check(inner.Read(offset, p))
}

// Free gives up the tensor. Weights that it shares stay for others.
func (b *lentBuffer) Free() error {
	kept, own := b.kept, b.own
	b.kept, b.own = nil, nil
	switch {
	case kept != nil:
		b.lent.opened.weights.give(kept)
		return nil
	case own != nil:
		return b.lent.check(b.lent.opened.weights.free(own))
	}
	return nil
}
