package fixed

import "math/bits"

// Scale is the number M·2^-E. Only the lowest 31 bits of M count, and E counts within ±512.
type Scale struct{ M, E int32 }

// Bounds of the exponent of a scale as it is read.
const maxExponent = 512

// Norm returns the same number with M in [2^30, 2^31), or the scale of zeros.
func (s Scale) Norm() Scale {
	m := uint32(s.M) & Max
	if m == 0 {
		return Scale{}
	}
	up := int32(bits.LeadingZeros32(m)) - 1
	return Scale{int32(m << up), min(max(s.E, -maxExponent), maxExponent) + up}
}

// Combine returns the product of two scales with M in [2^30, 2^31), cut to 31 bits.
func Combine(s, t Scale) Scale { return s.Norm().Times(t.Norm()) }

// Times is Combine for normalized scales, whose exponents may lie outside the bounds for
// scales as they are read.
func (s Scale) Times(t Scale) Scale {
	if s.M == 0 || t.M == 0 {
		return Scale{}
	}
	p, shift := uint64(s.M)*uint64(t.M), int32(30)
	if p >= 1<<61 {
		shift = 31
	}
	return Scale{int32(p >> shift), s.E + t.E - shift}
}

// Apply returns a·s·2^f, rounded half away from zero, within ±Max. The scale has to be
// normalized.
func (s Scale) Apply(a, f int32) int32 {
	shift := s.E - f
	switch {
	case s.M == 0 || a == 0 || shift > 62:
		return 0
	case shift < 0 && a < 0:
		return -Max
	case shift < 0:
		return Max
	}
	return MulShr(a, uint32(s.M), uint32(shift))
}

// ApplyWide is Apply for a number of 64 bits, of which the 31 highest count.
func (s Scale) ApplyWide(a int64, f int32) int32 {
	size := Abs64(a)
	down := max(int32(bits.Len64(size))-31, 0)
	top := int32(size >> down)
	if a < 0 {
		top = -top
	}
	return Scale{s.M, s.E - down}.Apply(top, f)
}

// Ratio returns a/b as a normalized scale, cut to 31 bits; zero if a or b is.
func Ratio(a, b uint32) Scale {
	if a == 0 || b == 0 {
		return Scale{}
	}
	up := int32(bits.LeadingZeros32(b))
	num, numUp := a>>1, int32(-1)
	if a <= Max {
		numUp = int32(bits.LeadingZeros32(a)) - 1
		num = a << numUp
	}
	q, e := DivFrac(num, b<<up), 32+numUp-up
	if q > Max {
		q, e = q>>1, e-1
	}
	return Scale{int32(q), e}
}

// InverseRoot returns √(n/sum) as a normalized scale; zero if n or sum is.
func InverseRoot(n, sum uint64) Scale {
	if n == 0 || sum == 0 {
		return Scale{}
	}
	nUp, sumUp := bits.LeadingZeros64(n)&^1, bits.LeadingZeros64(sum)&^1
	s := Ratio(Root(n<<nUp), Root(sum<<sumUp))
	s.E += int32(nUp/2 - sumUp/2)
	return s
}

// Inverse returns 1/n as a normalized scale, for n below 2^63; zero if n is.
func Inverse(n uint64) Scale {
	down := max(int32(bits.Len64(n))-32, 0)
	s := Ratio(1, uint32(n>>down))
	s.E += down
	return s
}
