package vulkan

import (
	"fmt"
	"unsafe"
)

// allocation is memory of the device with a buffer over all of it.
type allocation struct {
	buffer handle
	memory handle
	size   uint64
	mapped unsafe.Pointer
}

// allocate takes memory of a type that has all the flags that are needed, and those that are
// preferred if there is such a type.
func (d *Device) allocate(size uint64, needed, preferred uint32) (allocation, error) {
	if most := d.facts.maxAllocation; most != 0 && size > most {
		return allocation{}, fmt.Errorf("%w: expected at most %d bytes at once, found %d", ErrMemory, most, size)
	}
	a := allocation{size: size}
	info := bufferCreateInfo{sType: typeBufferCreateInfo, size: size, usage: usageStorageBuffer | usageTransferSource | usageTransferDestination}
	if err := d.createBuffer.call(uintptr(d.device), uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&a.buffer))).check("making a buffer"); err != nil {
		return allocation{}, err
	}
	if err := d.bind(&a, needed, preferred); err != nil {
		a.close(d)
		return allocation{}, fmt.Errorf("%d bytes: %w", size, err)
	}
	return a, nil
}

// bind gives a buffer its memory, and maps it if the host may see it.
func (d *Device) bind(a *allocation, needed, preferred uint32) error {
	var r memoryRequirements
	d.getBufferMemoryRequirements.do(uintptr(d.device), uintptr(a.buffer), uintptr(unsafe.Pointer(&r)))
	kind := d.memoryType(r.typeBits, needed|preferred)
	if kind < 0 {
		kind = d.memoryType(r.typeBits, needed)
	}
	if kind < 0 {
		return fmt.Errorf("%w: expected a type of memory with the flags %#x, found none", ErrMemory, needed)
	}
	info := memoryAllocateInfo{sType: typeMemoryAllocateInfo, size: r.size, memoryType: uint32(kind)}
	if err := d.allocateMemory.call(uintptr(d.device), uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&a.memory))).check("taking memory"); err != nil {
		return err
	}
	if err := d.bindBufferMemory.call(uintptr(d.device), uintptr(a.buffer), uintptr(a.memory), 0).check("binding memory"); err != nil {
		return err
	}
	if needed&memoryHostVisible == 0 {
		return nil
	}
	return d.mapMemory.call(uintptr(d.device), uintptr(a.memory), 0, uintptr(wholeSize), 0, uintptr(unsafe.Pointer(&a.mapped))).check("mapping memory")
}

// memoryType returns the first type with flags; -1 if there is none.
func (d *Device) memoryType(allowed, flags uint32) int {
	m := &d.facts.memory
	for i, t := range m.types[:m.typeCount] {
		if allowed>>i&1 == 1 && t.flags&flags == flags {
			return i
		}
	}
	return -1
}

// bytes returns memory that the host sees.
func (a allocation) bytes() []byte { return unsafe.Slice((*byte)(a.mapped), a.size) }

// words returns memory that the host sees. The device writes it, so it is read anew each time.
func (a allocation) words() []uint32 { return unsafe.Slice((*uint32)(a.mapped), a.size/4) }

// close gives up memory that no command uses any more.
func (a allocation) close(d *Device) {
	d.destroyBuffer.do(uintptr(d.device), uintptr(a.buffer), 0)
	d.freeMemory.do(uintptr(d.device), uintptr(a.memory), 0)
}
