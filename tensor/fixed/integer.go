package fixed

import "math/bits"

// Max is the largest number that a rounded result takes; the smallest is -Max.
const Max = 1<<31 - 1

// Abs returns the magnitude of x, which is 2^31 for the smallest number.
func Abs(x int32) uint32 {
	if x < 0 {
		return -uint32(x)
	}
	return uint32(x)
}

// Abs64 returns the magnitude of x, which is 2^63 for the smallest number.
func Abs64(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// Len returns the number of bits of x; 0 has none.
func Len(x uint32) int32 { return int32(bits.Len32(x)) }

// MulShr returns a·b / 2^s, rounded to the nearest integer and half away from zero, within
// ±Max. Shifts above 62 count as 62.
func MulShr(a int32, b, s uint32) int32 {
	s = min(s, 62)
	sign := a >> 31
	p := uint64(uint32(a^sign)-uint32(sign)) * uint64(b)
	// A branch on the sign would be a guess for the processor.
	p = min((p+uint64(1)<<s>>1)>>s, Max)
	return (int32(p) ^ sign) - sign
}

// MulShrSigned is MulShr with a factor that has a sign.
func MulShrSigned(a, b int32, s uint32) int32 {
	sign := b >> 31
	return (MulShr(a, uint32(b^sign)-uint32(sign), s) ^ sign) - sign
}

// DivFrac returns ⌊a·2^32 / b⌋, for a < b.
func DivFrac(a, b uint32) uint32 {
	q, _ := bits.Div32(a, 0, b)
	return q
}

// Root returns ⌊√x⌋.
func Root(x uint64) uint32 {
	var root uint64
	for bit := uint64(1 << 31); bit > 0; bit >>= 1 {
		if next := root | bit; next*next <= x {
			root = next
		}
	}
	return uint32(root)
}

// Add returns a + b, or the nearest number of 32 bits.
func Add(a, b int32) int32 { return Saturate(int64(a) + int64(b)) }

// Sub returns a - b, or the nearest number of 32 bits.
func Sub(a, b int32) int32 { return Saturate(int64(a) - int64(b)) }

// Saturate returns the number of 32 bits that is nearest to x.
func Saturate(x int64) int32 {
	return int32(min(max(x, -1<<31), 1<<31-1))
}

// Floor returns ⌊a / b⌋ for b > 0.
func Floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
