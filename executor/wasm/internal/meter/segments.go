package meter

import "encoding/binary"

// mode says what happens to a segment when the module starts.
type mode byte

const (
	active mode = iota
	passive
	declarative
)

// element is a segment of references for a table.
type element struct {
	mode   mode
	table  uint32
	offset uint32 // the place of an active segment
	kind   byte
	items  []reference
}

// reference is a reference to a function, or null.
type reference struct {
	null     bool
	function uint32
}

// data is a segment of bytes for the memory.
type data struct {
	mode    mode
	offset  uint32
	content []byte
}

// constant reads a constant expression of a type up to its end. If the expression is a
// reference to a function, refers is set and index is the function's.
func (m *Module) constant(r *reader, kind byte) (value []byte, index uint32, refers bool) {
	from := r.pos
	found := byte(typeAny)
	switch op := r.byte(); op {
	case opI32Const:
		found = typeI32
		r.signed(32)
	case opI64Const:
		found = typeI64
		r.signed(64)
	case opF32Const:
		found = typeF32
		r.bytes(4)
	case opF64Const:
		found = typeF64
		r.bytes(8)
	case opSIMD:
		if r.u32() == simdConst {
			found = typeV128
		}
		r.bytes(16)
	case opRefNull:
		found = r.referenceType()
	case opRefFunc:
		found, refers, index = typeFuncref, true, r.u32()
		if _, known := m.function(index); !known {
			r.fail("function %d does not exist", index)
		}
		m.declared[index] = struct{}{}
	}
	if found != kind {
		r.fail("expected a constant of type 0x%02x, found type 0x%02x", kind, found)
	}
	value = r.b[from:r.pos]
	if r.byte() != opEnd {
		r.fail("expected the end of a constant")
	}
	return value, index, refers
}

// offset reads the place of an active segment.
func (m *Module) offset(r *reader) uint32 {
	value, _, _ := m.constant(r, typeI32)
	if r.err != nil {
		return 0
	}
	number := &reader{b: value[1:]}
	return uint32(number.signed(32))
}

func (m *Module) readElements(r *reader) {
	n := r.count()
	r.limit(uint64(n), MaxSegments, "element segments")
	for ; n > 0 && r.err == nil; n-- {
		flags := r.u32()
		if flags > 7 {
			r.fail("element segment of kind %d", flags)
		}
		e := element{kind: typeFuncref}
		switch {
		case flags&1 == 0:
			if flags&2 != 0 {
				e.table = r.u32()
			}
			e.offset = m.offset(r)
		case flags&2 == 0:
			e.mode = passive
		default:
			e.mode = declarative
		}
		expressions := flags&4 != 0
		if flags&3 != 0 {
			if expressions {
				e.kind = r.referenceType()
			} else if r.byte() != 0 {
				r.fail("elements are no functions")
			}
		}
		if e.mode == active && r.err == nil && (uint64(e.table) >= uint64(len(m.tables)) || m.tables[e.table].kind != e.kind) {
			r.fail("there is no table %d of type 0x%02x", e.table, e.kind)
		}
		m.readReferences(r, &e, expressions)
		m.elements = append(m.elements, e)
	}
}

func (m *Module) readReferences(r *reader, e *element, expressions bool) {
	n := r.count()
	r.limit(uint64(n), MaxTableElements, "elements in a segment")
	e.items = make([]reference, 0, n)
	for ; n > 0 && r.err == nil; n-- {
		var item reference
		if expressions {
			_, index, refers := m.constant(r, e.kind)
			item = reference{null: !refers, function: index}
		} else {
			item.function = r.u32()
			if _, known := m.function(item.function); !known {
				r.fail("function %d does not exist", item.function)
			}
			m.declared[item.function] = struct{}{}
		}
		e.items = append(e.items, item)
	}
}

func (m *Module) readData(r *reader) {
	n := r.count()
	r.limit(uint64(n), MaxSegments, "data segments")
	for ; n > 0 && r.err == nil; n-- {
		var d data
		switch flags := r.u32(); flags {
		case 0, 2:
			if index := uint32(0); flags == 2 {
				if index = r.u32(); index != 0 {
					r.fail("memory %d does not exist", index)
				}
			}
			d.offset = m.offset(r)
			if !m.hasMemory {
				r.fail("a data segment without a memory")
			}
		case 1:
			d.mode = passive
		default:
			r.fail("data segment of kind %d", flags)
		}
		d.content = r.bytes(r.u32())
		m.data = append(m.data, d)
	}
}

// misplaced says which active segment does not fit at its place. Such a module traps before
// any of its code runs.
func (m *Module) misplaced() string {
	for _, e := range m.elements {
		if e.mode == active && uint64(e.offset)+uint64(len(e.items)) > uint64(m.tables[e.table].least) {
			return "an element segment does not fit the table"
		}
	}
	for _, d := range m.data {
		if d.mode == active && uint64(d.offset)+uint64(len(d.content)) > uint64(m.memoryMin)<<16 {
			return "a data segment does not fit the memory"
		}
	}
	return ""
}

func appendI32Const(b []byte, v int32) []byte { return appendSigned(append(b, opI32Const), int64(v)) }

func appendI64Const(b []byte, v int64) []byte { return appendSigned(append(b, opI64Const), v) }

// appendElement writes a segment, with the new indices of its functions.
func (w *rewriter) appendElement(b []byte, e element) []byte {
	expressions := e.kind != typeFuncref
	for _, item := range e.items {
		expressions = expressions || item.null
	}
	flags := uint32(0)
	switch {
	case e.mode == active && (e.table != 0 || e.kind != typeFuncref):
		flags = 2
	case e.mode == passive:
		flags = 1
	case e.mode == declarative:
		flags = 3
	}
	if expressions {
		flags |= 4
	}
	b = appendU32(b, flags)
	if e.mode == active {
		if flags&2 != 0 {
			b = appendU32(b, e.table)
		}
		b = append(appendI32Const(b, int32(e.offset)), opEnd)
	}
	switch {
	case flags&3 == 0:
	case expressions:
		b = append(b, e.kind)
	default:
		b = append(b, 0)
	}
	b = appendU32(b, uint32(len(e.items)))
	for _, item := range e.items {
		switch {
		case item.null:
			b = append(b, opRefNull, e.kind, opEnd)
		case expressions:
			b = append(appendU32(append(b, opRefFunc), w.moved(item.function)), opEnd)
		default:
			b = appendU32(b, w.moved(item.function))
		}
	}
	return b
}

func appendData(b []byte, d data) []byte {
	if d.mode == passive {
		b = append(b, 1)
	} else {
		b = append(appendI32Const(append(b, 0), int32(d.offset)), opEnd)
	}
	b = appendU32(b, uint32(len(d.content)))
	return append(b, d.content...)
}

// appendCanonicalNaN writes a vector constant of canonical NaNs.
func appendCanonicalNaN(b []byte, kind byte) []byte {
	switch kind {
	case typeF32:
		return binary.LittleEndian.AppendUint32(append(b, opF32Const), canonical32)
	case typeF64:
		return binary.LittleEndian.AppendUint64(append(b, opF64Const), canonical64)
	}
	b = append(b, opSIMD, simdConst)
	for range 2 {
		if kind == lanesF32 {
			b = binary.LittleEndian.AppendUint32(b, canonical32)
			b = binary.LittleEndian.AppendUint32(b, canonical32)
		} else {
			b = binary.LittleEndian.AppendUint64(b, canonical64)
		}
	}
	return b
}
