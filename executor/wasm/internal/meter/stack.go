package meter

import "strings"

// These constants describe the counted stack and are part of the profile. A unit is about a
// byte of native stack.
const (
	// StackUnits is the number of units of a program's stack.
	StackUnits = 80 << 20
	// FrameUnits is the number of units that every call of a counted function takes.
	FrameUnits = 96
	// BytesPerUnit is the number of bytes of a frame that take one further unit.
	BytesPerUnit = 3
	// CodeBytesPerUnit is the number of bytes of a function's code that take one further unit.
	CodeBytesPerUnit = 32
	// LeafUnits is the highest number of units that a function without calls may take
	// uncounted.
	LeafUnits = 1 << 16

	// placeBytes is the number of bytes of a place.
	placeBytes = 8
)

// units returns the number of units that a call of the function takes off the counted stack.
// The comment of the package says why no frame is larger than what they stand for.
func (b *body) units() int64 {
	return FrameUnits + b.frameBytes()/BytesPerUnit + int64(len(b.raw))/CodeBytesPerUnit
}

// frameBytes returns the number of bytes that the native frame of the function needs at most
// for the values that may be in it.
func (b *body) frameBytes() int64 {
	f := b.keeping()
	kinds := f.kinds()
	n := places(kinds) + f.values.moved + f.stretches.places() + places(b.kind.results)
	outgoing := int64(0)
	for i := range b.code {
		x := &b.code[i]
		n += displaced(x, b.code[max(0, i-1)].op)
		if x.op == opCall || x.op == opCallIndirect {
			kind, _ := b.callee(x)
			outgoing = max(outgoing, outside(kind.params)+outside(kind.results))
		}
	}
	return placeBytes*(n+outgoing) - placeBytes/2*halves(kinds)
}

// places returns the number of places that values of these types take. A v128 takes two.
func places(kinds string) int64 {
	return int64(len(kinds) + strings.Count(kinds, string([]byte{typeV128})))
}

// halves returns how many of these types take half a place.
func halves(kinds string) int64 {
	return int64(strings.Count(kinds, i32) + strings.Count(kinds, f32))
}

// outside returns the number of places for the parameters or results that do not fit the
// registers.
func outside(kinds string) int64 {
	var n, taken [sorts]int64
	for i := range kinds {
		sort := sortOf(kinds[i])
		if n[sort]++; n[sort] > [sorts]int64{RegisterInts, RegisterFloats}[sort] {
			taken[sort] += places(kinds[i : i+1])
		}
	}
	return taken[ints] + taken[floats]
}

const (
	// bulkDisplaced is the number of integers that a bulk instruction needs.
	bulkDisplaced = 8
	// divDisplaced is the number of registers that a division uses.
	divDisplaced = 2
)

// displaced returns the number of places of values that give way to an instruction because it
// needs values of its own, or certain registers. before is the instruction before it: a shift by
// a constant does not need a register.
func displaced(x *instruction, before byte) int64 {
	switch op := x.op; {
	case op >= opI32DivS && op <= opI32RemU, op >= opI64DivS && op <= opI64RemU:
		return divDisplaced
	case op >= opI32Shl && op <= opI32Rotr, op >= opI64Shl && op <= opI64Rotr:
		if before == opI32Const || before == opI64Const {
			return 0
		}
		return 1
	case op == opBulk && x.sub >= bulkMemoryInit:
		return bulkDisplaced
	case op == opSIMD && (x.sub == simdAbsI64x2 || x.sub == simdShrI64x2):
		return places(v128)
	default:
		return 0
	}
}
