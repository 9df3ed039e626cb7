package tensors

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

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
	// live are the tensors of the run, and made counts all that there were.
	live map[*lentBuffer]struct{}
	made uint64
}

func newLent(d *devices) *lent { return &lent{devices: d, live: map[*lentBuffer]struct{}{}} }

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
func (l *lent) New(s tensor.Shape) (tensor.Buffer, error) {
	b := &lentBuffer{lent: l, number: l.made, shape: s}
	l.live[b] = struct{}{}
	l.made++
	return b, nil
}

// owners returns the tensors that share nothing, in the order in which they were made.
func (l *lent) owners() []*lentBuffer {
	var list []*lentBuffer
	for b := range l.live {
		if b.own != nil {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b *lentBuffer) int { return cmp.Compare(a.number, b.number) })
	return list
}

// ownBytes returns what the tensors that share nothing take on the disk.
func (l *lent) ownBytes() (bytes uint64) {
	for _, b := range l.owners() {
		bytes += vaultBytes(b.shape.Type.Bytes(b.shape.Count))
	}
	return bytes
}

// adopt takes a device that is open already, with the weights that it keeps.
func (l *lent) adopt() {
	if l.opened == nil {
		l.opened = l.devices.takeIdle()
	}
}

// sleep gives up all memory of the device, if it can do that.
func (l *lent) sleep() error {
	if l.opened == nil {
		return nil
	}
	if s, can := l.opened.device.(tensor.Sleeper); can {
		return l.check(s.Sleep())
	}
	return nil
}

// wake makes the device usable again.
func (l *lent) wake() error {
	if l.opened == nil {
		return nil
	}
	if s, can := l.opened.device.(tensor.Sleeper); can {
		return l.check(s.Wake())
	}
	return nil
}

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
	lent   *lent
	number uint64
	shape  tensor.Shape
	own    tensor.Buffer
	kept   *weight
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
	if err := b.empty(); err != nil {
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
	delete(b.lent.live, b)
	return b.empty()
}

// empty makes the tensor one of zeros.
func (b *lentBuffer) empty() error {
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
