package meter

import "fmt"

// How a trace is folded. Part of the profile.
const (
	// MaxTraces is how many traces a program can fold at once.
	MaxTraces = 2
	// traceFactor is odd, so that no fold loses what was folded before.
	traceFactor = -0x61c8864680b583eb // 0x9e3779b97f4a7c15
	// traceRotation brings high bits, which the product has mixed, down to the low ones.
	traceRotation = 31
)

// ExportTrace names the mutable i64 global of a trace, numbered from 0. It has to be set
// before anything is called.
func ExportTrace(trace int) string { return fmt.Sprintf("%strace-%d", Reserved, trace) }

// fold takes a check into each trace: acc ← rotl((acc ⊕ site) · factor). Sites are the
// checks of the module, numbered from 1 in the order of the code.
func (e *emitter) fold() {
	e.sites++
	before := len(e.out)
	for trace := range e.traces {
		e.op(opGlobalGet, e.globalTraces+uint32(trace))
		e.out = append(appendI64Const(e.out, e.sites), opI64Xor)
		e.out = appendMix(e.out)
		e.op(opGlobalSet, e.globalTraces+uint32(trace))
	}
	e.traced += len(e.out) - before
}

// appendMix multiplies and rotates what is on top of the stack.
func appendMix(b []byte) []byte {
	b = append(appendI64Const(b, traceFactor), opI64Mul)
	return append(appendI64Const(b, traceRotation), opI64Rotl)
}

// foldBody takes its parameter into each trace.
func (w *rewriter) foldBody() []byte {
	b := []byte{0}
	for trace := range w.traces {
		b = appendU32(append(b, opGlobalGet), w.globalTraces+uint32(trace))
		b = appendMix(append(b, opLocalGet, 0, opI64Xor))
		b = appendU32(append(b, opGlobalSet), w.globalTraces+uint32(trace))
	}
	return append(b, opEnd)
}

// globalsBody takes the mutable globals of the module into each trace, in order: integers
// and the bits of floats without a sign, both halves of a vector, the low one first, and
// of a reference whether it is null.
func (w *rewriter) globalsBody() []byte {
	b := []byte{0}
	for i, g := range w.globals {
		if !g.mutable {
			continue
		}
		read := func(convert ...byte) {
			b = append(appendU32(append(b, opGlobalGet), uint32(i)), convert...)
			b = appendU32(append(b, opCall), w.funcFold)
		}
		switch g.kind {
		case typeI32:
			read(opI64ExtendU)
		case typeI64:
			read()
		case typeF32:
			read(opI32ReinterpretF32, opI64ExtendU)
		case typeF64:
			read(opI64ReinterpretF64)
		case typeV128:
			read(opSIMD, simdExtractI64, 0)
			read(opSIMD, simdExtractI64, 1)
		default:
			read(opRefIsNull, opI64ExtendU)
		}
	}
	return append(b, opEnd)
}
