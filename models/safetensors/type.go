package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/thetaedge/theta/models/half"
)

// Type is the type of the elements of a tensor, by its name in the format.
type Type string

// Types that can be read and written as floats.
const (
	F32  Type = "F32"
	F16  Type = "F16"
	BF16 Type = "BF16"
)

// size returns the bytes of an element, and 0 for a type that the package does not know. Tensors
// of types other than floats may lie in a file, but are not read.
func (t Type) size() int64 {
	switch t {
	case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0":
		return 1
	case F16, BF16, "I16", "U16":
		return 2
	case F32, "I32", "U32":
		return 4
	case "F64", "I64", "U64", "C64":
		return 8
	}
	return 0
}

// floats reports whether elements can be read.
func (t Type) floats() bool { return t == F32 || t == F16 || t == BF16 }

// decode reads len(out) elements from data.
func (t Type) decode(data []byte, out []float32) {
	for i := range out {
		switch t {
		case F16:
			out[i] = half.F16(binary.LittleEndian.Uint16(data[2*i:]))
		case BF16:
			out[i] = half.BF16(binary.LittleEndian.Uint16(data[2*i:]))
		default:
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	}
}

// encode appends values to data. Values are rounded to the nearest number of the type.
func (t Type) encode(data []byte, values []float32) []byte {
	for _, v := range values {
		switch t {
		case F16:
			data = binary.LittleEndian.AppendUint16(data, half.ToF16(v))
		case BF16:
			data = binary.LittleEndian.AppendUint16(data, half.ToBF16(v))
		default:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
	}
	return data
}

// bytes returns the bytes of a tensor, or an error if they do not fit 62 bits.
func (t Type) bytes(shape []int64) (int64, error) {
	total := t.size()
	if total == 0 {
		return 0, fmt.Errorf("expected a type such as F32, F16 or BF16, found %q", string(t))
	}
	for _, n := range shape {
		if n < 0 || n > 0 && total > math.MaxInt64/2/n {
			return 0, fmt.Errorf("expected a shape of at most 2^62 bytes, found %v", shape)
		}
		total *= n
	}
	return total, nil
}
