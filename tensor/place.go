package tensor

// Place is what an operand of an operation takes of its tensor.
type Place struct {
	// Operand is its position among Operands.
	Operand int
	// From and To are bytes of the tensor.
	From, To uint64
	// Output says that the operation writes there.
	Output bool
}

// Places returns the places of the operands of an operation that Validate has accepted, or of a
// part of one, in the order of Operands. Operands that are left out have none. lookup returns the
// shapes of the tensors.
func Places(op Op, lookup func(Handle) (Shape, bool)) []Place {
	c := check{lookup: lookup}
	op.check(&c)
	operands, next := Operands(op), 0
	places := make([]Place, 0, len(c.ranges))
	for _, r := range c.ranges {
		for operands[next].None() {
			next++
		}
		places = append(places, Place{Operand: next, From: r.from, To: r.to, Output: r.role == output})
		next++
	}
	return places
}
