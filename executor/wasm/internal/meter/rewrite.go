package meter

import (
	"fmt"
	"strings"
)

// Names that the rewritten module exports or imports.
const (
	// Reserved begins the names that a module may not export itself.
	Reserved = "theta:"
	// Entry is the function that a program must export, without parameters or
	// results.
	Entry = "_start"
	// ExportMemory is the name under which a program exports its memory.
	ExportMemory = "memory"
	// ExportStart is the module's own start function, which the engine must not
	// run by itself but the caller before Entry, so that it is accounted for.
	ExportStart = Reserved + "start"
	// ExportOwnMemory is the memory, also of a program that does not export it.
	ExportOwnMemory = Reserved + "memory"
	// ExportFuel is a mutable i64 global: the fuel that is left. It has to be set
	// before anything is called; what is below zero is owed.
	ExportFuel = Reserved + "fuel"
	// ExportOutOfMemory is an i32 global: one once memory.grow has failed.
	ExportOutOfMemory = Reserved + "out-of-memory"
	// ExportWanted is an i32 global: the pages that the failed memory.grow asked for.
	ExportWanted = Reserved + "wanted-pages"
	// ExportOverflow is an i32 global: one once calls were nested too deeply.
	ExportOverflow = Reserved + "stack-overflow"

	// ExportTraceGlobals is a function without parameters and results that takes the
	// module's own globals into the traces; there is none without traces.
	ExportTraceGlobals = Reserved + "trace-globals"

	// ImportModule and ImportRefill name the function that the module calls where it
	// finds ExportFuel below zero. It puts more fuel there, or ends the program.
	ImportModule = Reserved + "host"
	// ImportRefill has neither parameters nor results.
	ImportRefill = "refill"
)

// Metered is a rewritten module.
type Metered struct {
	// Wasm is the rewritten binary.
	Wasm []byte
	// MemoryPages is the initial size of the memory, in pages of 64 KiB.
	MemoryPages uint32
	// MaxPages is the most that the memory may ever have by its declaration.
	MaxPages uint32
	// HasStart says whether ExportStart is to be called first.
	HasStart bool
	// Trap says why the module traps before anything of it runs, if it does.
	Trap string
}

// rewriter holds the indices that the added items get.
type rewriter struct {
	*Module

	typeUnary, typeVoid, typeFold uint32
	blocks                        map[string]uint32 // types of blocks that were added, by results

	globalStack, globalFuel, globalOOM, globalWanted, globalOverflow uint32

	// globalTraces is the first of the traces.
	globalTraces uint32
	traces       int
	sites        int64 // checks so far

	funcRefill, funcGrow, funcTurnMemory, funcTurnTable, funcFold, funcTraceGlobals uint32

	values uint64 // carried to joins, in all functions so far
}

// Rewrite validates the code of the module and returns its metered form, which folds a
// number of traces, at most MaxTraces. It fails with ErrInvalid and ErrUnsupported, and
// does so on every machine alike, whatever the number.
func (m *Module) Rewrite(traces int) (Metered, error) {
	if err := m.entry(); err != nil {
		return Metered{}, err
	}
	return m.rewrite(traces)
}

// rewrite is Rewrite of a module that may have no entry.
func (m *Module) rewrite(traces int) (Metered, error) {
	for _, e := range m.exports {
		if strings.HasPrefix(e.name, Reserved) {
			return Metered{}, fmt.Errorf("%w: the export name %.64q is reserved", ErrUnsupported, e.name)
		}
	}
	w := newRewriter(m, traces)
	bodies := make([][]byte, 0, len(m.bodies)+5)
	for i, raw := range m.bodies {
		body, err := w.function(m.types[m.functions[i]], raw)
		if err != nil {
			return Metered{}, fmt.Errorf("function %d: %w", i, err)
		}
		bodies = append(bodies, body)
	}
	bodies = append(bodies, w.growBody(), w.turnBody(memoryTurnShift), w.turnBody(tableTurnShift))
	if traces > 0 {
		bodies = append(bodies, w.foldBody(), w.globalsBody())
	}
	return Metered{
		Wasm: w.assemble(bodies), MemoryPages: m.memoryMin, MaxPages: min(m.memoryMax, MaxPages), HasStart: m.start != nil,
		Trap: m.misplaced(),
	}, nil
}

// entry checks that there is a function that a task can call.
func (m *Module) entry() error {
	for _, e := range m.exports {
		if e.name == Entry && e.kind == exportFunction && uint64(e.index) >= uint64(len(m.imports)) {
			if t, _ := m.function(e.index); t == (funcType{}) {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: expected an exported function %q without parameters and results", ErrNoEntry, Entry)
}

func newRewriter(m *Module, traces int) *rewriter {
	kinds, globals := uint32(len(m.types)), uint32(len(m.globals))
	added := uint32(len(m.imports) + 1 + len(m.functions))
	return &rewriter{
		Module:           m,
		typeUnary:        kinds,
		typeVoid:         kinds + 1,
		typeFold:         kinds + 2,
		blocks:           map[string]uint32{},
		globalStack:      globals,
		globalFuel:       globals + 1,
		globalOOM:        globals + 2,
		globalWanted:     globals + 3,
		globalOverflow:   globals + 4,
		globalTraces:     globals + 5,
		traces:           traces,
		funcRefill:       uint32(len(m.imports)),
		funcGrow:         added,
		funcTurnMemory:   added + 1,
		funcTurnTable:    added + 2,
		funcFold:         added + 3,
		funcTraceGlobals: added + 4,
	}
}

// moved gives the new index of a function: the added import comes before those that
// the module defines.
func (w *rewriter) moved(function uint32) uint32 {
	if function >= w.funcRefill {
		return function + 1
	}
	return function
}

// blockOf gives the type of a block with these results, as an instruction writes it.
func (w *rewriter) blockOf(results string) []byte {
	switch len(results) {
	case 0:
		return []byte{blockVoid}
	case 1:
		return []byte(results)
	}
	index, known := w.blocks[results]
	if !known {
		index = w.typeFold + 1 + uint32(len(w.blocks))
		w.blocks[results] = index
	}
	return appendSigned(nil, int64(index))
}

// growBody is memory.grow that marks its failure and traps, because whether a
// program looks at the answer must not decide how the task ends.
func (w *rewriter) growBody() []byte {
	if !w.hasMemory {
		return []byte{0, opI32Const, 0x7f, opEnd}
	}
	b := []byte{1, 1, typeI32}
	b = append(b, opLocalGet, 0, opMemoryGrow, 0, opLocalTee, 1, opI32Const, 0x7f, opI32Eq, opIf, blockVoid)
	b = appendU32(append(b, opLocalGet, 0, opGlobalSet), w.globalWanted)
	b = appendU32(append(b, opI32Const, 1, opGlobalSet), w.globalOOM)
	return append(b, opUnreachable, opEnd, opLocalGet, 1, opEnd)
}

// turnBody charges for a bulk instruction of n items and returns n.
func (w *rewriter) turnBody(shift byte) []byte {
	b := appendU32([]byte{0, opGlobalGet}, w.globalFuel)
	b = append(b, opLocalGet, 0, opI32Const, shift, opI32ShrU, opI64ExtendU, opI64Const, bulkTurn, opI64Mul, opI64Const, bulkTurn, opI64Add, opI64Sub)
	b = appendU32(append(b, opGlobalSet), w.globalFuel)
	b = appendU32(append(b, opGlobalGet), w.globalFuel)
	b = append(b, opI64Const, 0, opI64LtS, opIf, blockVoid)
	b = appendU32(append(b, opCall), w.funcRefill)
	return append(b, opEnd, opLocalGet, 0, opEnd)
}
