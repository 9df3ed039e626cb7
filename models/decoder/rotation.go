package decoder

import "math/bits"

// rotation returns the cosine and the sine of an angle with 30 places after the point. The angle
// counts units of 2^-64 of a whole turn.
func rotation(angle uint64) (cos, sin int32) {
	// Of each eighth of a turn, s and c are the sine and the cosine of the distance to the nearest
	// quarter.
	quarter := (angle + 1<<61) >> 62
	rest := int64(angle - quarter<<62)
	size := uint64(rest)
	if rest < 0 {
		size = -size
	}
	c, s := series(size)
	if rest < 0 {
		s = -s
	}
	switch quarter & 3 {
	case 0:
		return c, s
	case 1:
		return -s, c
	case 2:
		return -c, -s
	}
	return s, -c
}

// twoPi is 2π with 61 places after the point.
const twoPi = 0xc90fdaa22168c235

// series sums up the series of cosine and sine for an angle from 0 to an eighth of a turn, with 62
// places, and returns them rounded to 30 places.
func series(angle uint64) (cos, sin int32) {
	// x is the angle in radians, below 1, with 63 places: 64 + 61 - 62.
	high, low := bits.Mul64(angle, twoPi)
	x := high<<2 | low>>62
	square, _ := bits.Mul64(x, x)
	square <<= 1
	c, s := int64(1)<<62, int64(x>>1)
	term, other := uint64(1)<<62, x>>1
	for n := uint64(1); term != 0 || other != 0; n++ {
		// term is x^(2n)/(2n)! and other x^(2n+1)/(2n+1)!.
		term, _ = bits.Mul64(term, square)
		term = term << 1 / ((2*n - 1) * (2 * n))
		other, _ = bits.Mul64(other, square)
		other = other << 1 / ((2 * n) * (2*n + 1))
		if n%2 == 1 {
			c, s = c-int64(term), s-int64(other)
		} else {
			c, s = c+int64(term), s+int64(other)
		}
	}
	const half = 1 << 31
	return int32((c + half) >> 32), int32((s + half) >> 32)
}
