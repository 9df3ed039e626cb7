package meter

import "fmt"

// Names that the rewritten module exports; a module that exports one of them
// itself is refused.
const (
	// Entry is the function that a program must export, without parameters or
	// results.
	Entry = "_start"
	// ExportMemory is the name under which a program exports its memory.
	ExportMemory = "memory"
	// ExportStart is the module's own start function, which the engine must not
	// run by itself but the caller before Entry, so that it is accounted for.
	ExportStart = "theta:start"
	// ExportOwnMemory is the memory, also of a program that does not export it.
	ExportOwnMemory = "theta:memory"
	// ExportOutOfMemory is an i32 global: one once memory.grow has failed.
	ExportOutOfMemory = "theta:out-of-memory"
	// ExportWanted is an i32 global: the pages that the failed memory.grow asked for.
	ExportWanted = "theta:wanted-pages"
	// ExportOverflow is an i32 global: one once calls were nested too deeply.
	ExportOverflow = "theta:stack-overflow"
)

// The counted stack, part of the profile.
const (
	// StackUnits is how much stack a program has.
	StackUnits = 1 << 20
	// FrameUnits is what any call of a counted function takes.
	FrameUnits = 96
	// ValueUnits is what each parameter and result takes twice, and each local
	// once; a v128 takes double.
	ValueUnits = 8
	// CodeBytesPerUnit is how many bytes of a function's code take one unit more:
	// an optimiser may keep values alive that no local holds, but no more than
	// the code can compute.
	CodeBytesPerUnit = 3
)

// How much a bulk instruction does for one turn of the burning loop, as powers
// of two: bytes of memory, elements of a table. Part of the profile.
const (
	memoryBurnShift = 6
	tableBurnShift  = 2
)

// Module is a rewritten module.
type Module struct {
	// Wasm is the rewritten binary.
	Wasm []byte
	// MemoryPages is the initial size of the memory, in pages of 64 KiB.
	MemoryPages uint32
	// MaxPages is the most that the memory may ever have by its declaration.
	MaxPages uint32
	// HasStart says whether ExportStart is to be called first.
	HasStart bool
}

// rewriter holds the indices that the added items get.
type rewriter struct {
	*module

	typeUnary uint32 // the added type (i32) -> i32

	globalStack    uint32
	globalOOM      uint32
	globalWanted   uint32
	globalOverflow uint32

	funcGrow        uint32
	funcBurnMemory  uint32
	funcBurnElement uint32

	added  []uint32 // types of the added functions
	bodies [][]byte // their bodies
	values uint64   // carried to joins, in all functions so far
}

// Rewrite returns the metered form of a module that an engine has validated. It
// fails with ErrUnsupported, and does so on every machine alike.
func Rewrite(wasm []byte) (Module, error) {
	m, err := parse(wasm)
	if err != nil {
		return Module{}, err
	}
	if !m.hasEntry {
		return Module{}, fmt.Errorf("%w: expected an exported function %q without parameters and results", ErrNoEntry, Entry)
	}
	for _, name := range []string{ExportStart, ExportOwnMemory, ExportOutOfMemory, ExportWanted, ExportOverflow} {
		if _, taken := m.exports[name]; taken {
			return Module{}, fmt.Errorf("%w: the export name %q is reserved", ErrUnsupported, name)
		}
	}
	w := newRewriter(m)
	code, err := w.rewriteCode()
	if err != nil {
		return Module{}, err
	}
	return Module{Wasm: w.assemble(code), MemoryPages: m.memoryMin, MaxPages: m.memoryMax, HasStart: m.start != nil}, nil
}

func newRewriter(m *module) *rewriter {
	next := m.imported + uint32(len(m.functions))
	w := &rewriter{
		module:          m,
		typeUnary:       uint32(len(m.types)),
		globalStack:     m.globals,
		globalOOM:       m.globals + 1,
		globalWanted:    m.globals + 2,
		globalOverflow:  m.globals + 3,
		funcGrow:        next,
		funcBurnMemory:  next + 1,
		funcBurnElement: next + 2,
	}
	w.add(w.typeUnary, w.growBody())
	w.add(w.typeUnary, burnBody(memoryBurnShift))
	w.add(w.typeUnary, burnBody(tableBurnShift))
	return w
}

// add appends a function and returns its index.
func (w *rewriter) add(typeIndex uint32, body []byte) uint32 {
	index := w.imported + uint32(len(w.functions)+len(w.added))
	w.added = append(w.added, typeIndex)
	w.bodies = append(w.bodies, body)
	return index
}

// assemble writes the module with the added items. Custom sections go: they
// carry names and debug data that describe the code before the rewriting.
func (w *rewriter) assemble(code []byte) []byte {
	unary := []byte{formFunction, 1, typeI32, 1, typeI32}
	w.sections[sectionType] = extend(w.sections[sectionType], 1, unary)

	var types []byte
	for _, t := range w.added {
		types = appendU32(types, t)
	}
	w.sections[sectionFunction] = extend(w.sections[sectionFunction], uint32(len(w.added)), types)

	globals := appendGlobal(nil, StackUnits)
	for range 3 {
		globals = appendGlobal(globals, 0)
	}
	w.sections[sectionGlobal] = extend(w.sections[sectionGlobal], 4, globals)

	exports := appendExport(nil, ExportOutOfMemory, exportGlobal, w.globalOOM)
	exports = appendExport(exports, ExportWanted, exportGlobal, w.globalWanted)
	exports = appendExport(exports, ExportOverflow, exportGlobal, w.globalOverflow)
	count := uint32(3)
	if w.start != nil {
		exports = appendExport(exports, ExportStart, exportFunction, *w.start)
		count++
	}
	if w.hasMemory {
		exports = appendExport(exports, ExportOwnMemory, exportMemory, 0)
		count++
	}
	w.sections[sectionExport] = extend(w.sections[sectionExport], count, exports)
	w.sections[sectionCode] = code

	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, id := range canonical() {
		payload, present := w.sections[id]
		if !present {
			continue
		}
		out = append(out, id)
		out = appendU32(out, uint32(len(payload)))
		out = append(out, payload...)
	}
	return out
}

// extend adds encoded items to the end of a section that is a vector.
func extend(section []byte, count uint32, items []byte) []byte {
	r := &reader{b: section}
	var have uint32
	if len(section) > 0 {
		have = r.u32()
	}
	out := appendU32(nil, have+count)
	out = append(out, section[r.pos:]...)
	return append(out, items...)
}

func appendGlobal(b []byte, value int32) []byte {
	b = append(b, typeI32, 1, opI32Const)
	b = appendS32(b, value)
	return append(b, opEnd)
}

func appendExport(b []byte, name string, kind byte, index uint32) []byte {
	return appendU32(append(appendName(b, name), kind), index)
}
