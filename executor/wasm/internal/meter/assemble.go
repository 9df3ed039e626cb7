package meter

// assemble writes the module with the added items. It drops custom sections, because their
// names and debug data describe the code before the rewriting.
func (w *rewriter) assemble(bodies [][]byte) []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, count int, items []byte) {
		if count == 0 {
			return
		}
		payload := append(appendU32(nil, uint32(count)), items...)
		out = append(appendU32(append(out, id), uint32(len(payload))), payload...)
	}
	section(sectionType, len(w.types)+3+len(w.blocks), w.writeTypes())
	section(sectionImport, len(w.imports)+1, w.writeImports())
	added := []uint32{w.typeUnary, w.typeUnary, w.typeUnary, w.typeFold, w.typeVoid}
	var kinds []byte
	for _, t := range append(w.functions[:len(w.functions):len(w.functions)], added[:len(bodies)-len(w.functions)]...) {
		kinds = appendU32(kinds, t)
	}
	section(sectionFunction, len(bodies), kinds)
	var tables []byte
	for _, t := range w.tables {
		tables = appendU32(appendU32(append(tables, t.kind, 1), t.least), t.most)
	}
	section(sectionTable, len(w.tables), tables)
	if w.hasMemory {
		section(sectionMemory, 1, appendU32(appendU32([]byte{1}, min(w.memoryMin, MaxPages)), min(w.memoryMax, MaxPages)))
	}
	globals, count := w.writeGlobals()
	section(sectionGlobal, count, globals)
	exports, count := w.writeExports()
	section(sectionExport, count, exports)
	var elements []byte
	for _, e := range w.elements {
		elements = w.appendElement(elements, e)
	}
	section(sectionElement, len(w.elements), elements)
	if w.counted && len(w.data) > 0 {
		payload := appendU32(nil, uint32(len(w.data)))
		out = append(append(out, sectionCount, byte(len(payload))), payload...)
	}
	var code []byte
	for _, body := range bodies {
		code = append(appendU32(code, uint32(len(body))), body...)
	}
	section(sectionCode, len(bodies), code)
	var segments []byte
	for _, d := range w.data {
		segments = appendData(segments, d)
	}
	section(sectionData, len(w.data), segments)
	return out
}

func (w *rewriter) writeTypes() []byte {
	var b []byte
	write := func(t funcType) {
		b = append(appendU32(append(b, formFunction), uint32(len(t.params))), t.params...)
		b = append(appendU32(b, uint32(len(t.results))), t.results...)
	}
	for _, t := range w.types {
		write(t)
	}
	write(funcType{params: i32, results: i32})
	write(funcType{})
	write(funcType{params: i64})
	results := make([]string, len(w.blocks))
	for kinds, index := range w.blocks {
		results[index-w.typeFold-1] = kinds
	}
	for _, kinds := range results {
		write(funcType{results: kinds})
	}
	return b
}

func (w *rewriter) writeImports() []byte {
	var b []byte
	for _, i := range append(w.imports[:len(w.imports):len(w.imports)], Import{Module: ImportModule, Name: ImportRefill, kind: w.typeVoid}) {
		b = appendU32(append(appendName(appendName(b, i.Module), i.Name), exportFunction), i.kind)
	}
	return b
}

func (w *rewriter) writeGlobals() ([]byte, int) {
	var b []byte
	for _, g := range w.globals {
		b = append(b, g.kind, 0)
		if g.mutable {
			b[len(b)-1] = 1
		}
		if g.refers {
			b = appendU32(append(b, opRefFunc), w.moved(g.index))
		} else {
			b = append(b, g.value...)
		}
		b = append(b, opEnd)
	}
	b = append(appendI32Const(append(b, typeI32, 1), StackUnits), opEnd)
	b = append(appendI64Const(append(b, typeI64, 1), 0), opEnd)
	for range 3 {
		b = append(appendI32Const(append(b, typeI32, 1), 0), opEnd)
	}
	for range w.traces {
		b = append(appendI64Const(append(b, typeI64, 1), 0), opEnd)
	}
	return b, len(w.globals) + 5 + w.traces
}

func (w *rewriter) writeExports() ([]byte, int) {
	var b []byte
	count := 0
	write := func(name string, kind byte, index uint32) {
		b = appendU32(append(appendName(b, name), kind), index)
		count++
	}
	for _, e := range w.exports {
		if e.kind == exportFunction {
			e.index = w.moved(e.index)
		}
		write(e.name, e.kind, e.index)
	}
	write(ExportFuel, exportGlobal, w.globalFuel)
	write(ExportOutOfMemory, exportGlobal, w.globalOOM)
	write(ExportWanted, exportGlobal, w.globalWanted)
	write(ExportOverflow, exportGlobal, w.globalOverflow)
	for trace := range w.traces {
		write(ExportTrace(trace), exportGlobal, w.globalTraces+uint32(trace))
	}
	if w.traces > 0 {
		write(ExportTraceGlobals, exportFunction, w.funcTraceGlobals)
	}
	if w.start != nil {
		write(ExportStart, exportFunction, w.moved(*w.start))
	}
	if w.hasMemory {
		write(ExportOwnMemory, exportMemory, 0)
	}
	return b, count
}
