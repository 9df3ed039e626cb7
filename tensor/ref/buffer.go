package ref

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
)

// Buffer is a tensor in memory. The slice of its type holds its elements.
type Buffer struct {
	shape tensor.Shape
	// S4 holds two elements per byte.
	S4     []byte
	S8     []int8
	S16    []int16
	S32    []int32
	Scales []fixed.Scale
	// release gives up the memory; nil for memory of Go.
	release func() error
}

// maxBytes bounds a tensor in memory, so that its size is an int everywhere.
const maxBytes = 1 << 40

// NewBuffer returns a tensor of zeros.
func NewBuffer(s tensor.Shape) (*Buffer, error) {
	if size := s.Type.Bytes(s.Count); size > maxBytes {
		return nil, fmt.Errorf("expected a tensor of at most %d bytes, found %d", maxBytes, size)
	}
	b := &Buffer{shape: s}
	switch s.Type {
	case tensor.S4:
		b.S4 = make([]byte, s.Type.Bytes(s.Count))
	case tensor.S8:
		b.S8 = make([]int8, s.Count)
	case tensor.S16:
		b.S16 = make([]int16, s.Count)
	case tensor.S32:
		b.S32 = make([]int32, s.Count)
	case tensor.Scales:
		b.Scales = make([]fixed.Scale, s.Count)
	default:
		return nil, fmt.Errorf("expected a type of elements, found %v", s.Type)
	}
	return b, nil
}

// NewBufferIn returns a tensor in memory that holds zeros, begins at a multiple of eight bytes and has
// the bytes of the shape. release is called when the tensor is given up.
func NewBufferIn(s tensor.Shape, memory []byte, release func() error) (*Buffer, error) {
	if size := s.Type.Bytes(s.Count); s.Count == 0 || size != uint64(len(memory)) {
		return nil, fmt.Errorf("expected memory of %d bytes for a tensor, found %d", size, len(memory))
	}
	b := &Buffer{shape: s, release: release}
	first := unsafe.Pointer(&memory[0]) //nolint:gosec // elements without pointers, of the size checked above
	switch s.Type {
	case tensor.S4:
		b.S4 = memory
	case tensor.S8:
		b.S8 = unsafe.Slice((*int8)(first), s.Count) //nolint:gosec // as above
	case tensor.S16:
		b.S16 = unsafe.Slice((*int16)(first), s.Count) //nolint:gosec // as above
	case tensor.S32:
		b.S32 = unsafe.Slice((*int32)(first), s.Count) //nolint:gosec // as above
	case tensor.Scales:
		b.Scales = unsafe.Slice((*fixed.Scale)(first), s.Count) //nolint:gosec // as above
	default:
		return nil, fmt.Errorf("expected a type of elements, found %v", s.Type)
	}
	return b, nil
}

// Shape returns the type and the size.
func (b *Buffer) Shape() tensor.Shape { return b.shape }

// Write sets bytes.
func (b *Buffer) Write(offset uint64, p []byte) error {
	switch b.shape.Type {
	case tensor.S4:
		copy(b.S4[offset:], p)
	case tensor.S8:
		copy(raw(b.S8)[offset:], p)
	case tensor.S16:
		for i := range len(p) / 2 {
			b.S16[offset/2+uint64(i)] = int16(binary.LittleEndian.Uint16(p[2*i:]))
		}
	case tensor.S32:
		words := b.S32[offset/4:][:len(p)/4]
		for i := range words {
			words[i] = int32(binary.LittleEndian.Uint32(p[4*i:]))
		}
	default:
		for i := range len(p) / 4 {
			*b.word(offset/4 + uint64(i)) = int32(binary.LittleEndian.Uint32(p[4*i:]))
		}
	}
	return nil
}

// Read returns bytes.
func (b *Buffer) Read(offset uint64, p []byte) error {
	switch b.shape.Type {
	case tensor.S4:
		copy(p, b.S4[offset:])
	case tensor.S8:
		copy(p, raw(b.S8)[offset:])
	case tensor.S16:
		for i := range len(p) / 2 {
			binary.LittleEndian.PutUint16(p[2*i:], uint16(b.S16[offset/2+uint64(i)]))
		}
	case tensor.S32:
		for i, v := range b.S32[offset/4:][:len(p)/4] {
			binary.LittleEndian.PutUint32(p[4*i:], uint32(v))
		}
	default:
		for i := range len(p) / 4 {
			binary.LittleEndian.PutUint32(p[4*i:], uint32(*b.word(offset/4 + uint64(i))))
		}
	}
	return nil
}

// raw returns elements as the bytes that they are.
func raw(x []int8) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)) //nolint:gosec // of one size
}

// word returns a place of 32 bits in scales.
func (b *Buffer) word(i uint64) *int32 {
	if i%2 == 0 {
		return &b.Scales[i/2].M
	}
	return &b.Scales[i/2].E
}

// Free gives up the elements.
func (b *Buffer) Free() error {
	release := b.release
	*b = Buffer{shape: b.shape}
	if release == nil {
		return nil
	}
	return release()
}
