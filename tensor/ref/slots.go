package ref

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
)

// slots are the operands of a call as slices from their offsets on. An operand that is left out,
// or of another type, is nil.
type slots struct {
	call     tensor.Call
	operands []*tensor.Operand
}

// buffer returns the tensor of an operand, nil if it is left out.
func (s slots) buffer(i int) *Buffer {
	if s.operands[i].None() {
		return nil
	}
	return s.call.Buffers[i].(*Buffer)
}

func (s slots) from(i int) int { return int(s.operands[i].Offset) }

func (s slots) s8(i int) []int8 {
	if b := s.buffer(i); b != nil && b.S8 != nil {
		return b.S8[s.from(i):]
	}
	return nil
}

func (s slots) s16(i int) []int16 {
	if b := s.buffer(i); b != nil && b.S16 != nil {
		return b.S16[s.from(i):]
	}
	return nil
}

func (s slots) s32(i int) []int32 {
	if b := s.buffer(i); b != nil && b.S32 != nil {
		return b.S32[s.from(i):]
	}
	return nil
}

// s4 returns bytes; offsets of four-bit elements are multiples of a byte.
func (s slots) s4(i int) []byte {
	if b := s.buffer(i); b != nil && b.S4 != nil {
		return b.S4[s.from(i)/2:]
	}
	return nil
}

func (s slots) scales(i int) []fixed.Scale {
	if b := s.buffer(i); b != nil && b.Scales != nil {
		return b.Scales[s.from(i):]
	}
	return nil
}

// kind returns the type of an operand; 0 if it is left out.
func (s slots) kind(i int) tensor.Type {
	if b := s.buffer(i); b != nil {
		return b.shape.Type
	}
	return 0
}
