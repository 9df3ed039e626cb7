package gguf

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/thetaedge/theta/models/half"
)

// Type is the type of the elements of a tensor, by its number in the format.
type Type uint32

// Types that can be read.
const (
	F32  Type = 0
	F16  Type = 1
	Q8   Type = 8
	BF16 Type = 30
)

// blockElements is the number of elements of Q8_0 that share a scale.
const blockElements = 32

// String returns the name of the type, or its number.
func (t Type) String() string {
	switch t {
	case F32:
		return "F32"
	case F16:
		return "F16"
	case Q8:
		return "Q8_0"
	case BF16:
		return "BF16"
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// block returns the elements and the bytes of the smallest piece of the type, and 0 for a type that
// the package does not read.
func (t Type) block() (elements, bytes int64) {
	switch t {
	case F32:
		return 1, 4
	case F16, BF16:
		return 1, 2
	case Q8:
		return blockElements, 2 + blockElements
	}
	return 0, 0
}

// decode reads whole blocks.
func (t Type) decode(data []byte, out []float32) {
	for i := range out {
		switch t {
		case F16:
			out[i] = half.F16(binary.LittleEndian.Uint16(data[2*i:]))
		case BF16:
			out[i] = half.BF16(binary.LittleEndian.Uint16(data[2*i:]))
		case Q8:
			block := data[i/blockElements*(2+blockElements):]
			out[i] = half.F16(binary.LittleEndian.Uint16(block)) * float32(int8(block[2+i%blockElements]))
		default:
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	}
}

// encode appends whole blocks.
func (t Type) encode(data []byte, values []float32) []byte {
	if t == Q8 {
		for ; len(values) > 0; values = values[blockElements:] {
			data = appendBlock(data, values[:blockElements])
		}
		return data
	}
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

// appendBlock appends a block of Q8_0: the scale is a 127th of the largest element.
func appendBlock(data []byte, values []float32) []byte {
	var largest float32
	for _, v := range values {
		largest = max(largest, v, -v)
	}
	scale := largest / 127
	data = binary.LittleEndian.AppendUint16(data, half.ToF16(scale))
	for _, v := range values {
		var q float64
		if scale > 0 {
			q = math.Round(float64(v / scale))
		}
		data = append(data, byte(int8(min(max(q, -127), 127))))
	}
	return data
}
