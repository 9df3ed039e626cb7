package meter

import "strings"

// The counted stack, part of the profile. A unit is about a byte of native stack.
const (
	// StackUnits is how much stack a program has.
	StackUnits = 80 << 20
	// FrameUnits is what any call of a counted function takes.
	FrameUnits = 128
	// ValueUnits is what each parameter, result and kept value takes, and each call, of
	// which there count at most as many as kept values; a v128 takes double.
	ValueUnits = 8
	// CodeBytesPerUnit is how many bytes of a function's code take one unit more.
	CodeBytesPerUnit = 16
	// LeafUnits is the most that a function without calls may take uncounted.
	LeafUnits = 1 << 16
)

// units is what a call of the function takes off the counted stack. A compiler gives a
// place on the stack to each value that outlives a call, or that gives way to others where
// there are more than registers; and some give no place twice. The arguments of a call need
// registers too, which others give way for.
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

// places is how many places values of these types take: a v128 takes two.
func places(kinds string) int64 {
	return int64(len(kinds) + strings.Count(kinds, string([]byte{typeV128})))
}
