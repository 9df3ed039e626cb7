package plan

import "github.com/thetaedge/theta/tensor"

// operands are those of an operation with the types of their tensors.
type operands struct {
	places []*tensor.Operand
	types  []tensor.Type
}

// unused is a binding that a kernel does not read.
func unused() Window { return Window{Operand: -1} }

// entries returns the window of a table of the profile.
func entries(t Table) Window { return Window{Operand: -1, Table: t} }

// has reports whether an operand is there.
func (o operands) has(i int) bool { return !o.places[i].None() }

// window returns `count` elements of an operand from `first` on; nothing for an operand that is left
// out. The window begins at a whole word: see skip.
func (o operands) window(i int, first, count uint64) Window {
	if !o.has(i) {
		return unused()
	}
	bits := o.types[i].Bits()
	from, to := o.places[i].Offset+first, o.places[i].Offset+first+count
	return Window{Operand: i, From: from * bits / 32 * 4, To: (to*bits + 31) / 32 * 4}
}

// skip returns the number of elements of a window before element `first` of the operand.
func (o operands) skip(i int, first uint64) uint32 {
	if !o.has(i) {
		return 0
	}
	return uint32(first % max(32/o.types[i].Bits(), 1))
}

// bits returns the size of the elements of an operand.
func (o operands) bits(i int) uint64 { return o.types[i].Bits() }
