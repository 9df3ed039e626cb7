package cuda

import (
	"errors"
	"fmt"
	"unsafe"
)

// unit is the multiple that memory of tensors is counted in, in bytes: that of the driver.
const unit = 512

// memory counts that of tensors. The driver divides its own allocations among small ones.
type memory struct {
	// bound and used are in bytes.
	bound, used uint64
	// garbage waits for the commands that use it.
	garbage []span
}

// span is memory of the card, from an address on.
type span struct {
	at   uintptr
	size uint64
}

// allocate takes memory from the driver.
func (d *Device) allocate(size uint64) (span, error) {
	s := span{size: size}
	if err := d.memAlloc.call(uintptr(unsafe.Pointer(&s.at)), uintptr(size)).check(fmt.Sprintf("taking %d bytes of memory", size)); err != nil {
		return span{}, d.failIfLost(err)
	}
	return s, nil
}

// failIfLost keeps an error that says that the card is lost, which any call of the driver may return for a kernel
// that ran before.
func (d *Device) failIfLost(err error) error {
	if errors.Is(err, ErrLost) {
		return d.fail(err)
	}
	return err
}

// close gives up memory that no command uses any more.
func (s span) close(d *Device) {
	if s.at != 0 {
		d.memFree.call(s.at)
	}
}

// take returns memory for a tensor. Its bytes are those of who had it before.
func (d *Device) take(bytes uint64) (span, error) {
	m := &d.memory
	size := (max(bytes, 1) + unit - 1) / unit * unit
	if size < bytes || size > m.bound-min(m.used, m.bound) {
		return span{}, fmt.Errorf("%w: expected at most %d bytes of tensors, found %d and another %d", ErrMemory, m.bound, m.used, bytes)
	}
	s, err := d.allocate(size)
	if errors.Is(err, ErrMemory) && len(m.garbage) > 0 {
		if err := d.finish(); err != nil {
			return span{}, err
		}
		s, err = d.allocate(size)
	}
	if err == nil {
		m.used += size
	}
	return s, err
}

// give gives memory up, after the commands that were asked for.
func (d *Device) give(s span) {
	d.memory.used -= s.size
	d.memory.garbage = append(d.memory.garbage, s)
}

// collect gives the driver what no command uses any more.
func (m *memory) collect(d *Device) {
	for _, s := range m.garbage {
		s.close(d)
	}
	m.garbage = nil
}
