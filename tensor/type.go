package tensor

import "fmt"

// Type is the type of a tensor's elements.
type Type uint32

// Types of elements. The numbers are part of the profile.
const (
	// S4 is an integer from -8 to 7. A byte holds two, the first one in its low half.
	S4 Type = iota + 1
	S8
	S16
	S32
	// Scales is a pair of 32-bit numbers M and E, which means M·2^-E (see fixed.Scale).
	Scales
)

// Types returns all types.
func Types() []Type { return []Type{S4, S8, S16, S32, Scales} }

// Bits returns the size of an element; 0 if there is no such type.
func (t Type) Bits() uint64 {
	switch t {
	case S4:
		return 4
	case S8:
		return 8
	case S16:
		return 16
	case S32:
		return 32
	case Scales:
		return 64
	}
	return 0
}

// Bytes returns the size of elements in bytes, rounded up. It is at most 2^64 - 1.
func (t Type) Bytes(count uint64) uint64 {
	if t == S4 {
		return count/2 + count%2
	}
	return product(count, t.Bits()/8)
}

func (t Type) String() string {
	switch t {
	case S4:
		return "s4"
	case S8:
		return "s8"
	case S16:
		return "s16"
	case S32:
		return "s32"
	case Scales:
		return "scale"
	}
	return fmt.Sprintf("type %d", uint32(t))
}
