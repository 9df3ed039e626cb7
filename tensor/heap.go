package tensor

import "fmt"

// Bounds of the tensors that live at a time.
const (
	// PageBytes is the size that the memory of each tensor is rounded up to.
	PageBytes = 4096
	// MaxTensors bounds their number. Handles go from 1 to MaxTensors.
	MaxTensors = 16_384
)

// Memory returns the memory that a tensor counts for, in bytes, at most 2^64 - 1.
func Memory(s Shape) uint64 {
	bytes := s.Type.Bytes(s.Count)
	pages := bytes/PageBytes + min(bytes%PageBytes, 1)
	return product(pages, uint64(PageBytes))
}

// Heap counts the tensors of a run and the memory that they take. It depends on shapes alone,
// not on the device.
type Heap struct {
	limit, used uint64
	// shapes are those of the handles from 1 on; a count of 0 is a free handle.
	shapes []Shape
	// low is a handle below which none is free.
	low int
}

// NewHeap returns a heap of a number of bytes.
func NewHeap(limit uint64) *Heap {
	return &Heap{limit: limit, shapes: make([]Shape, MaxTensors+1), low: 1}
}

// Used returns the bytes that the live tensors count for.
func (h *Heap) Used() uint64 { return h.used }

// Fits checks that Alloc would make a tensor, and fails as it does.
func (h *Heap) Fits(s Shape) error {
	if s.Type.Bits() == 0 || s.Count == 0 {
		return &Trap{Reason: fmt.Sprintf("alloc: expected a type and at least 1 element, found %v and %d", s.Type, s.Count)}
	}
	if size := Memory(s); size > h.limit-h.used {
		return fmt.Errorf("%w: expected at most %d bytes of tensors, found %d and another %d", ErrOutOfMemory, h.limit, h.used, size)
	}
	for h.low <= MaxTensors && h.shapes[h.low].Count > 0 {
		h.low++
	}
	if h.low > MaxTensors {
		return &Trap{Reason: fmt.Sprintf("alloc: expected at most %d tensors; free some", MaxTensors)}
	}
	return nil
}

// Alloc counts a tensor and gives it the lowest handle that is free. It fails with a *Trap if the
// shape is not allowed, then with ErrOutOfMemory, then with a *Trap if no handle is free.
func (h *Heap) Alloc(s Shape) (Handle, error) {
	if err := h.Fits(s); err != nil {
		return 0, err
	}
	h.shapes[h.low] = s
	h.used += Memory(s)
	h.low++
	return Handle(h.low - 1), nil
}

// Free gives up a tensor. It fails with a *Trap if there is none of that handle.
func (h *Heap) Free(handle Handle) error {
	s, found := h.Shape(handle)
	if !found {
		return &Trap{Reason: fmt.Sprintf("free: expected a tensor, found handle %d", handle)}
	}
	h.shapes[handle] = Shape{}
	h.used -= Memory(s)
	h.low = min(h.low, int(handle))
	return nil
}

// Shape returns the shape of a live tensor.
func (h *Heap) Shape(handle Handle) (Shape, bool) {
	if handle == 0 || handle > MaxTensors {
		return Shape{}, false
	}
	s := h.shapes[handle]
	return s, s.Count > 0
}

// Range checks that bytes of a tensor may be read or written from outside, as Shape.Range does. It
// fails with a *Trap.
func (h *Heap) Range(handle Handle, offset, length uint64) error {
	s, found := h.Shape(handle)
	if !found {
		return &Trap{Reason: fmt.Sprintf("expected a tensor, found handle %d", handle)}
	}
	return s.Range(offset, length)
}

// Range checks that bytes of a tensor of the shape may be read or written from outside: the range
// begins at a multiple of four bytes and ends at one or at the end of the tensor. It fails with a
// *Trap.
func (s Shape) Range(offset, length uint64) error {
	size := s.Type.Bytes(s.Count)
	if offset > size || length > size-offset {
		return &Trap{Reason: fmt.Sprintf("expected bytes within a tensor of %d, found %d from %d on", size, length, offset)}
	}
	if offset%4 != 0 || length%4 != 0 && offset+length != size {
		return &Trap{Reason: fmt.Sprintf("expected a range at multiples of 4 bytes, found %d bytes from %d on", length, offset)}
	}
	return nil
}
