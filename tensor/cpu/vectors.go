package cpu

// Vectors are the instructions that sums of products use. A later one includes those before it.
type Vectors int

// Vectors of processors.
const (
	// Plain is none.
	Plain Vectors = iota
	// AVX2 widens elements to 16 bits.
	AVX2
	// VNNI is AVX-512 with products of eight bits.
	VNNI
)

// String returns the name that people know.
func (v Vectors) String() string {
	switch v {
	case AVX2:
		return "AVX2"
	case VNNI:
		return "AVX-512 VNNI"
	default:
		return "plain Go"
	}
}

// Available returns the vectors of this processor, from none to the best.
func Available() []Vectors {
	var all []Vectors
	for v := Plain; v <= vectors(); v++ {
		all = append(all, v)
	}
	return all
}

// WithVectors uses vectors up to some, as far as the processor has them; the default is the best.
func WithVectors(most Vectors) Option { return func(d *Device) { d.vectors = min(most, vectors()) } }

// WithoutVectors uses plain Go alone.
func WithoutVectors() Option { return WithVectors(Plain) }
