package tensor

// Handle names a tensor of a run. 0 names none.
type Handle uint32

// Operand is a place in a tensor, from which an operation reads or to which it writes.
type Operand struct {
	Tensor Handle
	// Offset counts elements. It has to be a multiple of four bytes.
	Offset uint64
}

// None reports whether an operand is left out.
func (o Operand) None() bool { return o.Tensor == 0 }

// Shape is the type and the size of a tensor.
type Shape struct {
	Type  Type
	Count uint64
}
