package meter

import "math/bits"

// set is a set of locals.
type set []uint64

func (s set) has(i uint32) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s set) add(i uint32)      { s[i/64] |= 1 << (i % 64) }
func (s set) remove(i uint32)   { s[i/64] &^= 1 << (i % 64) }

func (s set) join(o set) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s set) without(o set) {
	for i := range s {
		s[i] &^= o[i]
	}
}

// each calls f for each local of the set, in ascending order.
func (s set) each(f func(local uint32)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			f(uint32(64*i + bits.TrailingZeros64(w)))
		}
	}
}
