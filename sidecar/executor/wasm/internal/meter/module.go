// Package meter rewrites a wasm module so that what an engine leaves to the
// machine is decided by the module itself: how deep calls may nest, what a
// failed memory.grow means, and what bulk instructions cost in fuel.
//
// Native stack frames differ between processors, so an engine's own stack limit
// would make the depth of a recursion, and with it a result, depend on the
// machine. The rewritten module counts a stack of its own and stops long before
// the native one is used up.
package meter

import "fmt"

// Section ids in the order in which a module holds them.
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

// Limits on a module, part of the profile.
const (
	// MaxFunctionBytes is the most code that one function may have.
	MaxFunctionBytes = 1 << 20
	// MaxFunctionLocals is the most parameters, results and locals of a function.
	MaxFunctionLocals = 16384
	// MaxFunctionJoins bounds the values that a function may carry to the places where
	// its control flow meets, see joins. A compiler may keep each of them apart: with
	// some thousands of both it takes more time and memory than any machine has, and
	// kills the process in the end.
	MaxFunctionJoins = 1 << 20
	// MaxModuleJoins bounds the sum of that over all functions.
	MaxModuleJoins = 1 << 25
	// MaxTableElements is the largest that one table may be.
	MaxTableElements = 1 << 20
	// MaxTables is the most tables that a module may have.
	MaxTables = 16
)

const (
	maxPages       = 1 << 16
	exportFunction = 0
	exportMemory   = 2
	exportGlobal   = 3
	typeI32        = 0x7f
	typeI64        = 0x7e
	typeV128       = 0x7b
	typeFuncref    = 0x70
	typeExternref  = 0x6f
	formFunction   = 0x60
)

// funcType is a function's type with the width of its values.
type funcType struct {
	params  uint32
	results uint32
	wide    uint32 // how many of both are v128

	// paramTypes and resultTypes are the value types, a byte each.
	paramTypes, resultTypes []byte
}

// Import is a function that a module imports.
type Import struct {
	// Module and Name are as the module writes them.
	Module, Name string
	// Params and Results hold one letter for each value: i for i32, I for i64, ? for
	// any other.
	Params, Results string
}

// module is what the rewriting needs to know of a module.
type module struct {
	sections map[byte][]byte

	types     []funcType
	imported  uint32 // functions; nothing else may be imported
	imports   []Import
	functions []uint32
	globals   uint32
	exports   map[string]struct{}
	start     *uint32
	memoryMin uint32 // in pages
	memoryMax uint32 // in pages, the most of 32-bit addresses if not declared
	hasMemory bool
	hasEntry  bool
}

// canonical is the order in which sections are written.
func canonical() []byte {
	return []byte{
		sectionType, sectionImport, sectionFunction, sectionTable, sectionMemory, sectionGlobal,
		sectionExport, sectionElement, sectionCount, sectionCode, sectionData,
	}
}

// parse reads the parts of a module that have been validated by an engine. It
// refuses, with ErrUnsupported, whatever is outside of the profile.
func parse(wasm []byte) (*module, error) {
	r := &reader{b: wasm}
	if string(r.bytes(8)) != "\x00asm\x01\x00\x00\x00" {
		return nil, fmt.Errorf("%w: expected a core module of version 1", ErrUnsupported)
	}
	m := &module{sections: map[byte][]byte{}, exports: map[string]struct{}{}}
	for !r.done() {
		id := r.byte()
		payload := r.bytes(r.u32())
		if id > sectionCount {
			r.fail("section %d is not part of the profile", id)
		}
		if _, twice := m.sections[id]; twice && id != sectionCustom {
			r.fail("section %d occurs twice", id)
		}
		m.sections[id] = payload
	}
	if r.err != nil {
		return nil, r.err
	}
	steps := []struct {
		id   byte
		read func(*reader)
	}{
		{sectionType, m.readTypes},
		{sectionImport, m.readImports},
		{sectionFunction, m.readFunctions},
		{sectionTable, m.readTables},
		{sectionMemory, m.readMemory},
		{sectionGlobal, m.readGlobals},
		{sectionExport, m.readExports},
		{sectionStart, m.readStart},
	}
	for _, step := range steps {
		payload, present := m.sections[step.id]
		if !present {
			continue
		}
		section := &reader{b: payload}
		if step.read(section); section.err != nil {
			return nil, fmt.Errorf("section %d: %w", step.id, section.err)
		}
	}
	return m, nil
}

func (m *module) readTypes(r *reader) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		if form := r.byte(); form != formFunction {
			r.fail("type form 0x%02x, only functions are part of the profile", form)
		}
		var t funcType
		t.params, t.paramTypes = r.values(&t.wide)
		t.results, t.resultTypes = r.values(&t.wide)
		m.types = append(m.types, t)
	}
}

// values reads a vector of value types and counts the wide ones.
func (r *reader) values(wide *uint32) (uint32, []byte) {
	count := r.u32()
	from := r.pos
	for n := count; n > 0 && r.err == nil; n-- {
		if r.valueType() == typeV128 {
			*wide++
		}
	}
	return count, r.b[from:r.pos]
}

// valueType reads a value type: a number, a vector or a plain reference.
func (r *reader) valueType() byte {
	t := r.byte()
	if t != typeFuncref && t != typeExternref && (t < typeV128 || t > typeI32) {
		r.fail("value type 0x%02x is not part of the profile", t)
	}
	return t
}

func (m *module) readImports(r *reader) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		module, name := r.bytes(r.u32()), r.bytes(r.u32())
		if kind := r.byte(); kind != exportFunction && r.err == nil {
			r.err = fmt.Errorf("%w: import %.64s.%.64s is of kind %d, only functions may be imported", ErrImportKind, module, name, kind)
		}
		index := r.u32()
		if r.err == nil && uint64(index) >= uint64(len(m.types)) {
			r.fail("type %d does not exist", index)
		}
		if r.err != nil {
			return
		}
		t := m.types[index]
		m.imports = append(m.imports, Import{
			Module: string(module), Name: string(name), Params: letters(t.paramTypes), Results: letters(t.resultTypes),
		})
		m.imported++
	}
}

// letters writes value types with a letter each.
func letters(types []byte) string {
	out := make([]byte, len(types))
	for i, t := range types {
		switch t {
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

// Imports returns the functions that a module imports, in order. It fails with
// ErrUnsupported when the module is outside of the profile.
func Imports(wasm []byte) ([]Import, error) {
	m, err := parse(wasm)
	if err != nil {
		return nil, err
	}
	return m.imports, nil
}

func (m *module) readFunctions(r *reader) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		index := r.u32()
		if uint64(index) >= uint64(len(m.types)) {
			r.fail("type %d does not exist", index)
		}
		m.functions = append(m.functions, index)
	}
}

func (m *module) readTables(r *reader) {
	n := r.u32()
	if n > MaxTables {
		r.fail("%d tables, at most %d are allowed", n, MaxTables)
	}
	for ; n > 0 && r.err == nil; n-- {
		if kind := r.byte(); kind != typeFuncref && kind != typeExternref {
			r.fail("table of type 0x%02x is not part of the profile", kind)
		}
		if least, _ := r.limits(MaxTableElements); least > MaxTableElements {
			r.fail("table of %d elements, at most %d are allowed", least, MaxTableElements)
		}
	}
}

// limits reads the limits of a table or memory: the minimum, and the maximum or
// most if none is declared.
func (r *reader) limits(most uint32) (uint32, uint32) {
	flags := r.byte()
	if flags > 1 {
		r.fail("limits of kind %d are not part of the profile", flags)
	}
	least := r.u32()
	if flags == 1 {
		most = r.u32()
	}
	return least, most
}

func (m *module) readMemory(r *reader) {
	n := r.u32()
	if n > 1 {
		r.fail("%d memories, at most one is allowed", n)
	}
	if n == 1 {
		m.hasMemory = true
		m.memoryMin, m.memoryMax = r.limits(maxPages)
	}
}

func (m *module) readGlobals(r *reader) { m.globals = r.u32() }

func (m *module) readExports(r *reader) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		name := string(r.bytes(r.u32()))
		kind, index := r.byte(), r.u32()
		m.exports[name] = struct{}{}
		if name == Entry && kind == exportFunction && index >= m.imported && uint64(index-m.imported) < uint64(len(m.functions)) {
			t := m.types[m.functions[index-m.imported]]
			m.hasEntry = t.params == 0 && t.results == 0
		}
	}
}

func (m *module) readStart(r *reader) {
	index := r.u32()
	m.start = &index
}
