package meter

import "fmt"

// These are the section ids, and the order of sections in a module.
const (
	sectionCustom   = 0
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionTable    = 4
	sectionMemory   = 5
	sectionGlobal   = 6
	sectionExport   = 7
	sectionStart    = 8
	sectionElement  = 9
	sectionCode     = 10
	sectionData     = 11
	sectionCount    = 12
)

const (
	maxPages       = 1 << 16
	exportFunction = 0
	exportTable    = 1
	exportMemory   = 2
	exportGlobal   = 3
	formFunction   = 0x60
)

// funcType is a function's type: its value types, with one byte each.
type funcType struct{ params, results string }

// Import is a function that a module imports.
type Import struct {
	// Module and Name are the names that the module contains.
	Module, Name string
	// Params and Results contain one letter for each value: i for i32, I for i64, ? for any
	// other.
	Params, Results string
	kind            uint32 // index of its type
}

type table struct {
	kind        byte
	least, most uint32
}

type global struct {
	kind    byte
	mutable bool
	value   []byte // a constant expression without its end
	refers  bool   // the value is a reference to function
	index   uint32
}

type export struct {
	name  string
	kind  byte
	index uint32
}

// Module is a module whose sections are valid. The code of its functions is not
// read before Rewrite.
type Module struct {
	types     []funcType
	imports   []Import
	functions []uint32 // types of the defined functions
	tables    []table
	globals   []global
	mutable   uint64 // the number of mutable globals
	exports   []export
	elements  []element
	data      []data
	counted   bool // the module has a data count
	dataCount uint32
	start     *uint32
	hasMemory bool
	memoryMin uint32 // in pages
	memoryMax uint32 // in pages; MaxPages if it is not declared
	bodies    [][]byte
	declared  map[uint32]struct{} // functions that ref.func may name
}

// Imports returns the functions that the module imports, in order.
func (m *Module) Imports() []Import { return m.imports }

// order returns the position of a section. The data count is before the code.
func order(id byte) int {
	switch {
	case id == sectionCount:
		return 2*sectionCode - 1
	default:
		return 2 * int(id)
	}
}

// Read decodes and validates the sections of a module. It fails with ErrInvalid if the bytes
// are not a module or use instructions that the profile does not have, and with ErrUnsupported
// if the module exceeds a limit.
func Read(wasm []byte) (*Module, error) {
	r := &reader{b: wasm}
	if string(r.bytes(8)) != "\x00asm\x01\x00\x00\x00" {
		return nil, fmt.Errorf("%w: expected a core module of version 1", ErrInvalid)
	}
	m := &Module{declared: map[uint32]struct{}{}}
	last := 0
	for !r.done() {
		id := r.byte()
		section := &reader{b: r.bytes(r.u32())}
		if r.err != nil {
			break
		}
		if id == sectionCustom {
			section.name()
		} else if at := order(id); at <= last || id > sectionCount {
			r.fail("section %d is not expected here", id)
			break
		} else {
			last = at
			m.section(id, section)
		}
		if section.err == nil && id != sectionCustom && !section.done() {
			section.fail("%d bytes too many", len(section.b)-section.pos)
		}
		if section.err != nil {
			return nil, fmt.Errorf("section %d: %w", id, section.err)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, m.whole()
}

// whole makes the checks that are possible only after the last section.
func (m *Module) whole() error {
	switch {
	case len(m.bodies) != len(m.functions):
		return fmt.Errorf("%w: %d bodies for %d functions", ErrInvalid, len(m.bodies), len(m.functions))
	case m.counted && int64(m.dataCount) != int64(len(m.data)):
		return fmt.Errorf("%w: %d data segments, %d were announced", ErrInvalid, len(m.data), m.dataCount)
	default:
		return nil
	}
}

func (m *Module) section(id byte, r *reader) {
	switch id {
	case sectionType:
		m.readTypes(r)
	case sectionImport:
		m.readImports(r)
	case sectionFunction:
		m.readFunctions(r)
	case sectionTable:
		m.readTables(r)
	case sectionMemory:
		m.readMemory(r)
	case sectionGlobal:
		m.readGlobals(r)
	case sectionExport:
		m.readExports(r)
	case sectionStart:
		index := r.u32()
		if t, known := m.function(index); r.err == nil && (!known || t != funcType{}) {
			r.fail("start function %d is not a function without parameters and results", index)
		}
		m.start = &index
	case sectionElement:
		m.readElements(r)
	case sectionCount:
		m.counted, m.dataCount = true, r.u32()
	case sectionCode:
		m.readCode(r)
	case sectionData:
		m.readData(r)
	}
}

func (m *Module) readTypes(r *reader) {
	n := r.count()
	r.limit(uint64(n), MaxTypes, "function types")
	for ; n > 0 && r.err == nil; n-- {
		if form := r.byte(); form != formFunction {
			r.fail("type form 0x%02x, only functions are part of the profile", form)
		}
		t := funcType{params: r.values()}
		t.results = r.values()
		m.types = append(m.types, t)
	}
}

// values reads a vector of value types.
func (r *reader) values() string {
	n := r.count()
	r.limit(uint64(n), MaxParams, "parameters or results")
	types := make([]byte, 0, n)
	for ; n > 0 && r.err == nil; n-- {
		types = append(types, r.valueType())
	}
	return string(types)
}

// valueType reads a value type: a number, a vector or a plain reference.
func (r *reader) valueType() byte {
	t := r.byte()
	if t != typeFuncref && t != typeExternref && (t < typeV128 || t > typeI32) {
		r.fail("value type 0x%02x is not part of the profile", t)
	}
	return t
}

func (r *reader) referenceType() byte {
	t := r.byte()
	if t != typeFuncref && t != typeExternref {
		r.fail("reference type 0x%02x is not part of the profile", t)
	}
	return t
}

func (m *Module) readImports(r *reader) {
	n := r.count()
	r.limit(uint64(n), MaxImports, "imports")
	for ; n > 0 && r.err == nil; n-- {
		module := r.name()
		name := r.name()
		if kind := r.byte(); kind != exportFunction && r.err == nil {
			r.err = fmt.Errorf("%w: import %.64s.%.64s is of kind %d, only functions may be imported", ErrImportKind, module, name, kind)
		}
		index := r.typeIndex(m)
		if r.err != nil {
			return
		}
		r.limit(uint64(max(len(module), len(name))), MaxNameBytes, "bytes in a name")
		t := m.types[index]
		m.imports = append(m.imports, Import{
			Module: module, Name: name, Params: letters(t.params), Results: letters(t.results), kind: index,
		})
	}
}

func (r *reader) typeIndex(m *Module) uint32 {
	index := r.u32()
	if r.err == nil && uint64(index) >= uint64(len(m.types)) {
		r.fail("type %d does not exist", index)
	}
	return index
}

// letters writes value types with one letter each.
func letters(types string) string {
	out := make([]byte, len(types))
	for i := range types {
		switch types[i] {
		case typeI32:
			out[i] = 'i'
		case typeI64:
			out[i] = 'I'
		default:
			out[i] = '?'
		}
	}
	return string(out)
}

func (m *Module) readFunctions(r *reader) {
	n := r.count()
	r.limit(uint64(n), MaxFunctions, "functions")
	for ; n > 0 && r.err == nil; n-- {
		m.functions = append(m.functions, r.typeIndex(m))
	}
}

// function returns the type of a function, imported or defined.
func (m *Module) function(index uint32) (funcType, bool) {
	imported := uint32(len(m.imports))
	switch {
	case index < imported:
		return m.types[m.imports[index].kind], true
	case uint64(index-imported) < uint64(len(m.functions)):
		return m.types[m.functions[index-imported]], true
	default:
		return funcType{}, false
	}
}

func (m *Module) readTables(r *reader) {
	n := r.count()
	r.limit(uint64(n), MaxTables, "tables")
	for ; n > 0 && r.err == nil; n-- {
		kind := r.referenceType()
		least, most := r.limits(1<<32-1, MaxTableElements)
		r.limit(uint64(least), MaxTableElements, "elements in a table")
		m.tables = append(m.tables, table{kind: kind, least: least, most: min(most, MaxTableElements)})
	}
}

// limits reads the limits of a table or memory, which are the minimum and the maximum. If the
// maximum is not declared, it is the parameter otherwise. Neither limit may be over most.
func (r *reader) limits(most, otherwise uint32) (uint32, uint32) {
	flags := r.byte()
	switch {
	case flags == 2, flags == 3:
		r.fail("shared memory (threads) is not part of the profile")
	case flags > 1:
		r.fail("limits of kind %d are not part of the profile", flags)
	}
	least := r.u32()
	upper := max(least, otherwise)
	if flags == 1 {
		upper = r.u32()
	}
	if r.err == nil && (least > upper || upper > most && flags == 1 || least > most) {
		r.fail("limits from %d to %d, at most %d are possible", least, upper, most)
	}
	return least, upper
}

func (m *Module) readMemory(r *reader) {
	n := r.count()
	if n > 1 {
		r.fail("%d memories, at most one is allowed", n)
	}
	if n == 1 {
		m.hasMemory = true
		m.memoryMin, m.memoryMax = r.limits(maxPages, MaxPages)
	}
}

func (m *Module) readGlobals(r *reader) {
	n := r.count()
	r.limit(uint64(n), MaxGlobals, "globals")
	for ; n > 0 && r.err == nil; n-- {
		g := global{kind: r.valueType()}
		switch r.byte() {
		case 0:
		case 1:
			g.mutable = true
			m.mutable++
			r.limit(m.mutable, MaxMutableGlobals, "mutable globals")
		default:
			r.fail("a global is neither constant nor mutable")
		}
		g.value, g.index, g.refers = m.constant(r, g.kind)
		m.globals = append(m.globals, g)
	}
}

func (m *Module) readExports(r *reader) {
	n := r.count()
	r.limit(uint64(n), MaxExports, "exports")
	names := make(map[string]struct{}, n)
	for ; n > 0 && r.err == nil; n-- {
		e := export{name: r.name()}
		e.kind = r.byte()
		e.index = r.u32()
		r.limit(uint64(len(e.name)), MaxNameBytes, "bytes in a name")
		if _, twice := names[e.name]; twice {
			r.fail("%.64q is exported twice", e.name)
		}
		names[e.name] = struct{}{}
		known := false
		switch e.kind {
		case exportFunction:
			_, known = m.function(e.index)
			m.declared[e.index] = struct{}{}
		case exportTable:
			known = uint64(e.index) < uint64(len(m.tables))
		case exportMemory:
			known = m.hasMemory && e.index == 0
		case exportGlobal:
			known = uint64(e.index) < uint64(len(m.globals))
		}
		if !known {
			r.fail("export %.64q of kind %d, index %d, does not exist", e.name, e.kind, e.index)
		}
		m.exports = append(m.exports, e)
	}
}

func (m *Module) readCode(r *reader) {
	n := r.count()
	if uint64(n) != uint64(len(m.functions)) {
		r.fail("%d bodies for %d functions", n, len(m.functions))
	}
	for ; n > 0 && r.err == nil; n-- {
		m.bodies = append(m.bodies, r.bytes(r.u32()))
	}
}
