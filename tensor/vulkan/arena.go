package vulkan

import (
	"errors"
	"fmt"
	"slices"
)

// Sizes of what is taken from the driver. The number of allocations is limited to 4,096 on some
// devices, and a program may have 16,384 tensors.
const (
	blockSize = 64 << 20
	// largeSize is the size from which a tensor has an allocation of its own.
	largeSize = 16 << 20
	// unit is a multiple of the places that any device lets a binding begin at.
	unit = 256
)

// span is a range of bytes.
type span struct{ from, to uint64 }

// block is an allocation for small tensors.
type block struct {
	allocation
	// free is in order, and no two spans touch.
	free []span
}

// arena is the memory of tensors.
type arena struct {
	// bound and used are in bytes.
	bound, used uint64
	blocks      []*block
	// garbage waits for the commands that use it.
	garbage []allocation
}

// place is the memory of a tensor.
type place struct {
	allocation
	// block is nil for an allocation of its own.
	block *block
	span
}

// take returns memory for a tensor. Its bytes are those of who had it before.
func (d *Device) take(bytes uint64) (place, error) {
	a := &d.arena
	size := (max(bytes, 1) + unit - 1) / unit * unit
	if size < bytes || size > a.bound-min(a.used, a.bound) {
		return place{}, fmt.Errorf("%w: expected at most %d bytes of tensors, found %d and another %d", ErrMemory, a.bound, a.used, size)
	}
	p, err := d.find(size)
	if errors.Is(err, ErrMemory) && len(a.garbage) > 0 {
		if err := d.finish(); err != nil {
			return place{}, err
		}
		p, err = d.find(size)
	}
	if err == nil {
		a.used += size
	}
	return p, err
}

// find returns memory of a block or of its own.
func (d *Device) find(size uint64) (place, error) {
	a := &d.arena
	if size >= largeSize {
		own, err := d.allocate(size, 0, memoryDeviceLocal)
		return place{own, nil, span{0, size}}, err
	}
	for _, b := range a.blocks {
		if s, found := b.take(size); found {
			return place{b.allocation, b, s}, nil
		}
	}
	var all allocation
	var err error
	for want := uint64(blockSize); want >= size; want /= 4 {
		if all, err = d.allocate(want, 0, memoryDeviceLocal); !errors.Is(err, ErrMemory) {
			break
		}
	}
	if err != nil {
		return place{}, err
	}
	b := &block{all, []span{{0, all.size}}}
	a.blocks = append(a.blocks, b)
	s, found := b.take(size)
	if !found {
		return place{}, fmt.Errorf("%w: expected a block of %d bytes, found %d", ErrMemory, size, all.size)
	}
	return place{b.allocation, b, s}, nil
}

// take returns the first free range that is large enough.
func (b *block) take(size uint64) (span, bool) {
	for i := range b.free {
		f := &b.free[i]
		if f.to-f.from < size {
			continue
		}
		s := span{f.from, f.from + size}
		if f.from = s.to; f.from == f.to {
			b.free = slices.Delete(b.free, i, i+1)
		}
		return s, true
	}
	return span{}, false
}

// give returns a range.
func (b *block) give(s span) {
	i, _ := slices.BinarySearchFunc(b.free, s.from, func(f span, from uint64) int {
		if f.from < from {
			return -1
		}
		return 1
	})
	b.free = slices.Insert(b.free, i, s)
	if i+1 < len(b.free) && b.free[i].to == b.free[i+1].from {
		b.free[i].to = b.free[i+1].to
		b.free = slices.Delete(b.free, i+1, i+2)
	}
	if i > 0 && b.free[i-1].to == b.free[i].from {
		b.free[i-1].to = b.free[i].to
		b.free = slices.Delete(b.free, i, i+1)
	}
}

// give gives memory up. Commands that follow may reuse a range of a block at once, because they
// take effect after those before.
func (d *Device) give(p place) {
	a := &d.arena
	a.used -= p.to - p.from
	if p.block == nil {
		a.garbage = append(a.garbage, p.allocation)
		return
	}
	p.block.give(p.span)
	whole := len(p.block.free) == 1 && p.block.free[0] == span{0, p.block.size}
	if whole && len(a.blocks) > 1 {
		a.garbage = append(a.garbage, p.block.allocation)
		a.blocks = slices.DeleteFunc(a.blocks, func(b *block) bool { return b == p.block })
	}
}

// collect gives the driver what no command uses any more.
func (a *arena) collect(d *Device) {
	for _, g := range a.garbage {
		g.close(d)
	}
	a.garbage = nil
}

func (a *arena) close(d *Device) {
	a.collect(d)
	for _, b := range a.blocks {
		b.allocation.close(d)
	}
	a.blocks = nil
}
