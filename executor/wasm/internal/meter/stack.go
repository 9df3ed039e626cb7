package meter

import "strings"

// These constants describe the counted stack and are part of the profile. A unit is about a
// byte of native stack.
const (
	// StackUnits is the number of units of a program's stack.
	StackUnits = 80 << 20
	// FrameUnits is the number of units that every call of a counted function takes.
	FrameUnits = 128
	// ValueUnits is the number of units that each parameter, result and kept value takes, and
	// each call. At most as many calls count as there are kept values. A v128 takes double.
	ValueUnits = 8
	// CodeBytesPerUnit is the number of bytes of a function's code that take one further unit.
	CodeBytesPerUnit = 16
	// LeafUnits is the highest number of units that a function without calls may take
	// uncounted.
	LeafUnits = 1 << 16
)

// units returns the number of units that a call of the function takes off the counted stack. A
// compiler gives a place on the stack to each value that outlives a call, and to each value
// that gives way to others because there are not enough registers. Some compilers never use a
// place twice. The arguments of a call need registers too, so other values give way to them.
func (b *body) units() int64 {
	calls, kept := int64(0), places(string(b.kept()))
	for i := range b.code {
		if op := b.code[i].op; op == opCall || op == opCallIndirect {
			calls++
		}
	}
	n := places(b.kind.params) + places(b.kind.results) + kept + min(kept, calls)
	return FrameUnits + ValueUnits*n + int64(len(b.raw))/CodeBytesPerUnit
}

// places returns the number of places that values of these types take. A v128 takes two.
func places(kinds string) int64 {
	return int64(len(kinds) + strings.Count(kinds, string([]byte{typeV128})))
}
