package ref

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
)

// Operands are those of a call as slices from their offsets on. An operand that is left out, or of
// another type, is nil.
type Operands struct {
	call     tensor.Call
	operands []*tensor.Operand
}

// OperandsOf returns the operands of a call on buffers of this package.
func OperandsOf(call tensor.Call) Operands { return Operands{call, tensor.Operands(call.Op)} }

// buffer returns the tensor of an operand, nil if it is left out.
func (s Operands) buffer(i int) *Buffer {
	if s.operands[i].None() {
		return nil
	}
	return s.call.Buffers[i].(*Buffer)
}

func (s Operands) from(i int) int { return int(s.operands[i].Offset) }

// S8 returns an operand of elements of eight bits.
func (s Operands) S8(i int) []int8 {
	if b := s.buffer(i); b != nil && b.S8 != nil {
		return b.S8[s.from(i):]
	}
	return nil
}

// S16 returns an operand of elements of 16 bits.
func (s Operands) S16(i int) []int16 {
	if b := s.buffer(i); b != nil && b.S16 != nil {
		return b.S16[s.from(i):]
	}
	return nil
}

// S32 returns an operand of elements of 32 bits.
func (s Operands) S32(i int) []int32 {
	if b := s.buffer(i); b != nil && b.S32 != nil {
		return b.S32[s.from(i):]
	}
	return nil
}

// S4 returns an operand of elements of four bits, two per byte.
func (s Operands) S4(i int) []byte {
	if b := s.buffer(i); b != nil && b.S4 != nil {
		return b.S4[s.from(i)/2:]
	}
	return nil
}

// Scales returns an operand of scales.
func (s Operands) Scales(i int) []fixed.Scale {
	if b := s.buffer(i); b != nil && b.Scales != nil {
		return b.Scales[s.from(i):]
	}
	return nil
}

// kind returns the type of an operand; 0 if it is left out.
func (s Operands) kind(i int) tensor.Type {
	if b := s.buffer(i); b != nil {
		return b.shape.Type
	}
	return 0
}
