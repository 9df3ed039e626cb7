package tensor

import (
	"math"
	"math/bits"
)

// size is what the sizes of operands and shapes are written in.
type size interface{ ~uint32 | ~uint64 }

// product returns the product of sizes, at most 2^64 - 1.
func product[T size](sizes ...T) uint64 {
	p := uint64(1)
	for _, s := range sizes {
		if s == 0 {
			return 0
		}
	}
	for _, s := range sizes {
		high, low := bits.Mul64(p, uint64(s))
		if high != 0 {
			return math.MaxUint64
		}
		p = low
	}
	return p
}

// sum returns the sum of sizes, at most 2^64 - 1.
func sum(sizes ...uint64) uint64 {
	var total uint64
	for _, s := range sizes {
		if total+s < total {
			return math.MaxUint64
		}
		total += s
	}
	return total
}
