// Package half converts the 16-bit floats of model files: IEEE 754 binary16 (F16) and the upper
// half of binary32 (BF16).
package half

import "math"

// F16 returns the value of a binary16. NaN stays NaN.
func F16(bits uint16) float32 {
	sign := uint32(bits&0x8000) << 16
	exponent := uint32(bits>>10) & 0x1f
	fraction := uint32(bits) & 0x3ff
	switch exponent {
	case 0:
		value := math.Float32frombits(0x33800000) * float32(fraction) // 2^-24 · fraction is exact
		return math.Float32frombits(math.Float32bits(value) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// BF16 returns the value of a bfloat16.
func BF16(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }

// ToF16 returns the nearest binary16, ties to even. Values of at least 65,520 become infinite.
func ToF16(value float32) uint16 {
	bits := math.Float32bits(value)
	sign := uint16(bits>>16) & 0x8000
	size := bits & 0x7fffffff
	switch {
	case size > 0x7f800000:
		return sign | 0x7e00
	case size >= 0x47800000: // 65,536
		return sign | 0x7c00
	case size >= 0x38800000: // 2^-14, the smallest normal number
		// A carry out of the fraction raises the exponent, up to infinity.
		return sign | uint16(nearest(size-0x38000000, 13))
	case size < 0x33000000: // 2^-25
		return sign
	}
	fraction := size&0x7fffff | 0x800000
	return sign | uint16(nearest(fraction, 126-size>>23))
}

// ToBF16 returns the nearest bfloat16, ties to even.
func ToBF16(value float32) uint16 {
	bits := math.Float32bits(value)
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16) | 0x40
	}
	return uint16(bits&0x80000000>>16) | uint16(nearest(bits&0x7fffffff, 16))
}

// nearest shifts x to the right and rounds to the nearest integer, ties to even.
func nearest(x, shift uint32) uint32 {
	whole := x >> shift
	rest := x - whole<<shift
	half := uint32(1) << (shift - 1)
	if rest > half || rest == half && whole&1 == 1 {
		whole++
	}
	return whole
}
