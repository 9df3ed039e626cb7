package meter

import (
	"fmt"
	"strings"
)

// These are the names that the rewritten module exports or imports.
const (
	// Reserved is the prefix of names that the program itself may not export.
	Reserved = "theta:"
	// Entry is the function that a program must export, without parameters or
	// results.
	Entry = "_start"
	// ExportMemory is the name with which a program exports its memory.
	ExportMemory = "memory"
	// ExportStart is the module's own start function. The engine must not run it
	// automatically. The caller runs it before Entry, so that it is metered.
	ExportStart = Reserved + "start"
	// ExportOwnMemory is the memory. It is exported even if the program does not export it.
	ExportOwnMemory = Reserved + "memory"
	// ExportFuel is a mutable i64 global that contains the remaining fuel. It must be set
	// before any function is called. A value below zero is an amount that is owed.
	ExportFuel = Reserved + "fuel"
	// ExportOutOfMemory is an i32 global that is one after memory.grow has failed.
	ExportOutOfMemory = Reserved + "out-of-memory"
	// ExportWanted is an i32 global that contains the number of pages for which the failed
	// memory.grow asked.
	ExportWanted = Reserved + "wanted-pages"
	// ExportOverflow is an i32 global that is one after calls were nested too deeply.
	ExportOverflow = Reserved + "stack-overflow"

	// ExportTraceGlobals is a function without parameters and results that folds the module's
	// own globals into the traces. It does not exist if there are no traces.
	ExportTraceGlobals = Reserved + "trace-globals"

	// ImportModule and ImportRefill name the function that the module calls when it finds that
	// ExportFuel is below zero. The function adds fuel, or ends the program.
	ImportModule = Reserved + "host"
	// ImportRefill does not have parameters or results.
	ImportRefill = "refill"
)

// Metered is a rewritten module.
type Metered struct {
	// Wasm is the rewritten binary.
	Wasm []byte
	// MemoryPages is the initial size of the memory, in pages of 64 KiB.
	MemoryPages uint32
	// MaxPages is the highest number of pages that the memory may have according to its
	// declaration.
	MaxPages uint32
	// HasStart says whether ExportStart must be called first.
	HasStart bool
	// Trap says why the module traps before any of its code runs. It is empty if the module
	// does not.
	Trap string
}

// rewriter contains the indices of the added items.
type rewriter struct {
	*Module

	typeUnary, typeVoid, typeFold uint32
	blocks                        map[string]uint32 // the types of blocks that were added, by results

	globalStack, globalFuel, globalOOM, globalWanted, globalOverflow uint32

	// globalTraces is the index of the first trace.
	globalTraces uint32
	traces       int
	sites        int64 // the number of checks so far

	funcRefill, funcGrow, funcTurnMemory, funcTurnTable, funcFold, funcTraceGlobals uint32

	values uint64 // the number of values that are carried to joins, in all functions so far
}

// Rewrite validates the code of the module and returns its metered form, which folds the given
// number of traces, at most MaxTraces. It fails with ErrInvalid and ErrUnsupported. It fails
// in the same way on every machine, and for every number of traces.
func (m *Module) Rewrite(traces int) (Metered, error) {
	if err := m.entry(); err != nil {
		return Metered{}, err
	}
	return m.rewrite(traces)
}

// rewrite does what Rewrite does, and also accepts a module without an entry.
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

// entry checks that the module has a function that a task can call.
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

// moved returns the new index of a function. The added import is before the functions that the
// module defines.
func (w *rewriter) moved(function uint32) uint32 {
	if function >= w.funcRefill {
		return function + 1
	}
	return function
}

// blockOf returns the type of a block with these results, in the form in which an instruction
// contains it.
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

// growBody returns a function that executes memory.grow. If it fails, the function marks the
// failure and traps, because the end of the task must not depend on whether the program looks
// at the answer.
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

// turnBody returns a function that charges for a bulk instruction of n items and returns n.
func (w *rewriter) turnBody(shift byte) []byte {
	b := appendU32([]byte{0, opGlobalGet}, w.globalFuel)
	b = append(b, opLocalGet, 0, opI32Const, shift, opI32ShrU, opI64ExtendU, opI64Const, bulkTurn, opI64Mul, opI64Const, bulkTurn, opI64Add, opI64Sub)
	b = appendU32(append(b, opGlobalSet), w.globalFuel)
	b = appendU32(append(b, opGlobalGet), w.globalFuel)
	b = append(b, opI64Const, 0, opI64LtS, opIf, blockVoid)
	b = appendU32(append(b, opCall), w.funcRefill)
	return append(b, opEnd, opLocalGet, 0, opEnd)
}
