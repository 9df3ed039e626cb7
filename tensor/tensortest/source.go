package tensortest

// Source is the generator splitmix64. Vectors rest on it, so it does not change.
type Source struct{ state uint64 }

// NewSource returns the generator of a seed.
func NewSource(seed uint64) *Source { return &Source{seed} }

// Uint64 returns the next number.
func (s *Source) Uint64() uint64 {
	s.state += 0x9e3779b97f4a7c15
	x := s.state
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Below returns a number below n.
func (s *Source) Below(n uint32) uint32 { return uint32(s.Uint64() % uint64(n)) }

// Size returns a number from 1 to n, more often a small one.
func (s *Source) Size(n uint32) uint32 { return 1 + s.Below(1+s.Below(n)) }

// One returns true once in n times.
func (s *Source) One(n uint32) bool { return s.Below(n) == 0 }

// Fraction returns places after the point: mostly those of models.
func (s *Source) Fraction() int32 {
	if s.One(3) {
		return int32(s.Below(129)) - 64
	}
	return int32(8 + s.Below(17))
}
