package meter

import "fmt"

// These constants determine how a trace is folded. They are part of the profile.
const (
	// MaxTraces is the highest number of traces that a program can fold at the same time.
	MaxTraces = 2
	// traceFactor is odd, so that no fold loses information about earlier folds.
	traceFactor = -0x61c8864680b583eb // 0x9e3779b97f4a7c15
	// traceRotation moves the high bits, which the product has mixed, to the low positions.
	traceRotation = 31
)

// ExportTrace returns the name of the mutable i64 global of a trace, numbered from 0. It must
// be set before any function is called.
func ExportTrace(trace int) string { return fmt.Sprintf("%strace-%d", Reserved, trace) }

// fold folds a check into each trace: acc ← rotl((acc ⊕ site) · factor). Sites are the checks
// of the module, numbered from 1 in the order of the code.
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

// appendMix multiplies and rotates the value on top of the stack.
func appendMix(b []byte) []byte {
	b = append(appendI64Const(b, traceFactor), opI64Mul)
	return append(appendI64Const(b, traceRotation), opI64Rotl)
}

// foldBody returns a function that folds its parameter into each trace.
func (w *rewriter) foldBody() []byte {
	b := []byte{0}
	for trace := range w.traces {
		b = appendU32(append(b, opGlobalGet), w.globalTraces+uint32(trace))
		b = appendMix(append(b, opLocalGet, 0, opI64Xor))
		b = appendU32(append(b, opGlobalSet), w.globalTraces+uint32(trace))
	}
	return append(b, opEnd)
}

// globalsBody returns a function that folds the mutable globals of the module into each trace,
// in order. Integers and the bits of floats are extended without a sign. Of a vector it folds
// both halves, the low one first, and of a reference whether it is null.
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
