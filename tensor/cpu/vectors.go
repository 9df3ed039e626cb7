package cpu

import "slices"

// Vectors are the instructions that a device uses. A later one is faster.
type Vectors int

// Vectors of processors.
const (
	// Plain is none.
	Plain Vectors = iota
	// AVX2 widens elements to 16 bits for sums of products.
	AVX2
	// AVXVNNI multiplies eight bits.
	AVXVNNI
	// AVX512VNNI does so in wider vectors, which other operations use as well.
	AVX512VNNI
)

// String returns the name that people know.
func (v Vectors) String() string {
	switch v {
	case AVX2:
		return "AVX2"
	case AVXVNNI:
		return "AVX-VNNI"
	case AVX512VNNI:
		return "AVX-512 VNNI"
	default:
		return "plain Go"
	}
}

// Available returns the vectors of this processor, from none to the best.
func Available() []Vectors {
	all := []Vectors{Plain, AVX2, AVXVNNI, AVX512VNNI}
	return slices.DeleteFunc(all, func(v Vectors) bool { return !has(v) })
}

// WithVectors uses the best vectors of the processor up to some; the default is the best of all.
func WithVectors(most Vectors) Option {
	return func(d *Device) {
		for _, v := range Available() {
			if v <= most {
				d.vectors = v
			}
		}
	}
}

// WithoutVectors uses plain Go alone.
func WithoutVectors() Option { return WithVectors(Plain) }
