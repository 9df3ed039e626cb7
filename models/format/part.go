package format

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
)

// Section is the type of a part that is not a tensor: bytes that another package reads.
const Section = "bytes"

// Part is a tensor, or a section of bytes.
type Part struct {
	// Name is unique.
	Name string `json:"name"`
	// Type is s4, s8, s16, s32 or scale, as in tensor/1, or bytes.
	Type string `json:"type"`
	// Shape is the sizes of one to four dimensions; the last one lies closest together.
	Shape []uint32 `json:"shape"`
	// Places is the places after the point of s16 and s32, and 0 for other types.
	Places int32 `json:"places"`
	// Offset counts bytes from the beginning of the parts, and Length bytes.
	Offset uint64 `json:"offset"`
	Length uint64 `json:"length"`
}

// maxName bounds names, in bytes, and maxDims the dimensions of a tensor.
const (
	maxName = 128
	maxDims = 4
)

// TensorType returns the type of a tensor, and false for a section.
func (p Part) TensorType() (tensor.Type, bool) {
	for _, t := range tensor.Types() {
		if t.String() == p.Type {
			return t, true
		}
	}
	return 0, false
}

// Count returns the number of elements.
func (p Part) Count() uint64 {
	count := uint64(1)
	for _, size := range p.Shape {
		count *= uint64(size)
	}
	return count
}

// size checks a part and returns its length in bytes.
func (p Part) size() (uint64, error) {
	if p.Name == "" || len(p.Name) > maxName {
		return 0, fmt.Errorf("expected names of parts of 1 to %d bytes, found %d", maxName, len(p.Name))
	}
	if len(p.Shape) == 0 || len(p.Shape) > maxDims {
		return 0, fmt.Errorf("expected 1 to %d dimensions of part %s, found %d", maxDims, p.Name, len(p.Shape))
	}
	count := uint64(1)
	for _, size := range p.Shape {
		if size == 0 || count > maxFile/uint64(size) {
			return 0, fmt.Errorf("expected sizes from 1 on and at most 2^50 elements of part %s, found %v", p.Name, p.Shape)
		}
		count *= uint64(size)
	}
	kind, isTensor := p.TensorType()
	switch {
	case !isTensor && p.Type != Section:
		return 0, fmt.Errorf("expected a type out of %v and %s for part %s, found %q", tensor.Types(), Section, p.Name, p.Type)
	case p.Places != 0 && kind != tensor.S16 && kind != tensor.S32:
		return 0, fmt.Errorf("expected no places for part %s of type %s, found %d", p.Name, p.Type, p.Places)
	case p.Places < -tensor.MaxFraction || p.Places > tensor.MaxFraction:
		return 0, fmt.Errorf("expected places within ±%d for part %s, found %d", tensor.MaxFraction, p.Name, p.Places)
	case !isTensor:
		return count, nil
	}
	return kind.Bytes(count), nil
}

// place returns parts with the offsets and lengths that they have in a file.
func place(parts []Part) ([]Part, error) {
	if len(parts) > MaxParts {
		return nil, fmt.Errorf("expected at most %d parts, found %d", MaxParts, len(parts))
	}
	placed := make([]Part, len(parts))
	names := make(map[string]bool, len(parts))
	end := uint64(0)
	for i, p := range parts {
		size, err := p.size()
		if err != nil {
			return nil, err
		}
		if names[p.Name] {
			return nil, fmt.Errorf("expected one part %s, found two", p.Name)
		}
		names[p.Name] = true
		p.Offset, p.Length = align(end), size
		if end = p.Offset + size; end > maxFile {
			return nil, fmt.Errorf("expected parts of at most 2^50 bytes together, found %d up to %s", end, p.Name)
		}
		placed[i] = p
	}
	return placed, nil
}

// align returns the next multiple of the alignment.
func align(n uint64) uint64 { return (n + Alignment - 1) / Alignment * Alignment }
