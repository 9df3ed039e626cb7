package meter

import "encoding/binary"

// These are the kinds of arithmetic results: a float, or lanes of a vector.
const (
	lanesF32 = 4
	lanesF64 = 2

	canonical32 = 0x7fc00000
	canonical64 = 0x7ff8000000000000
)

// origin says what is known of a value's bits.
type origin byte

const (
	// The zero origin means that the value is not a float, or that its NaN is canonical.
	_ origin = iota
	// moved means that the bits were loaded or passed in, and have to stay as they are.
	moved
	// computed means that the value is a result of arithmetic, whose NaN may have any bits.
	computed
)

// value is an operand in the search for NaNs.
type value struct {
	origin origin
	kind   byte // the kind of a computed value
	at     int  // the instruction that computed the value
}

// maxRounds bounds how often a body is searched. After that, locals count as moved.
const maxRounds = 8

// nans returns the instructions after which a NaN has to be made canonical, with the kind of
// the result. The profile requires that every NaN that results from arithmetic is canonical,
// and that loads, stores and moves keep bits. If the program cannot observe the bits of a
// value, the value does not have to be made canonical. Results therefore stay as they are
// through further arithmetic, comparisons, and locals that receive no other values.
func (b *body) nans() map[int]byte {
	// keep marks the locals whose bits have to stay. A local could contain vectors of
	// different kinds, so all vectors are kept, which is simple.
	keep := make([]bool, len(b.locals))
	for i := range keep {
		keep[i] = i < len(b.kind.params) || b.locals[i] == typeV128
	}
	for range maxRounds {
		s := search{body: b, keep: keep, found: map[int]byte{}}
		if s.run(); !s.again {
			return s.found
		}
	}
	for i := range keep {
		keep[i] = true
	}
	s := search{body: b, keep: keep, found: map[int]byte{}}
	s.run()
	return s.found
}

type search struct {
	*body

	keep   []bool
	again  bool // keep has changed
	found  map[int]byte
	stack  []value
	frames []frame
}

func floating(kind byte) bool { return kind == typeF32 || kind == typeF64 || kind == typeV128 }

// given returns a value of unknown bits.
func given(kind byte) value {
	if floating(kind) {
		return value{origin: moved}
	}
	return value{}
}

func (s *search) push(v value) { s.stack = append(s.stack, v) }

func (s *search) pushAll(kinds string) {
	for i := range kinds {
		s.push(given(kinds[i]))
	}
}

// pop never finds an empty stack in code that can be reached, except after a frame was left.
func (s *search) pop() value {
	if len(s.stack) == 0 {
		return value{}
	}
	v := s.stack[len(s.stack)-1]
	s.stack = s.stack[:len(s.stack)-1]
	return v
}

// settle makes a value canonical before the program can observe its bits.
func (s *search) settle(v value) {
	if v.origin == computed {
		s.found[v.at] = v.kind
	}
}

// settleTop settles the topmost values and leaves them on the stack.
func (s *search) settleTop(n int) {
	for i := max(0, len(s.stack)-n); i < len(s.stack); i++ {
		if s.stack[i].origin == computed {
			s.settle(s.stack[i])
			s.stack[i] = value{}
		}
	}
}

func (s *search) popAll(n int) {
	for range n {
		s.settle(s.pop())
	}
}

func (s *search) run() {
	s.frames = []frame{{op: opBlock, kind: funcType{results: s.kind.results}}}
	for i := range s.code {
		s.step(i, &s.code[i])
	}
}

func (s *search) step(i int, x *instruction) {
	switch op := x.op; {
	case op <= opReturn:
		s.control(x)
	case op == opCall || op == opCallIndirect:
		if op == opCallIndirect {
			s.pop()
		}
		kind, _ := s.callee(x)
		s.popAll(len(kind.params))
		s.pushAll(kind.results)
	case op == opDrop:
		s.pop()
	case op == opSelect || op == opSelectTyped:
		s.choose(i)
	case op == opLocalGet:
		s.load(i, x.index)
	case op == opLocalSet:
		s.store(x.index, s.pop())
	case op == opLocalTee:
		s.store(x.index, s.pop())
		s.load(i, x.index)
	case op == opGlobalGet:
		s.push(given(s.module.globals[x.index].kind))
	case op == opF32Const || op == opF64Const:
		s.number(x)
	case arithmetic(op) != 0:
		in, _, _ := numeric(op)
		for range in {
			s.pop()
		}
		s.push(value{origin: computed, kind: arithmetic(op), at: i})
	case op == opSIMD:
		s.vector(i, x.sub)
	case op >= 0x45 && op <= 0xc4:
		in, out, _ := numeric(op)
		if bits := op >= 0x8b && op <= 0xa6 || op == 0xbc || op == 0xbd; bits {
			s.popAll(len(in)) // abs, neg, copysign, reinterpret
		} else {
			for range in {
				s.pop()
			}
		}
		if op == 0xbe || op == 0xbf || op <= 0xa6 {
			s.pushAll(out)
		} else {
			s.push(value{}) // a conversion of an integer never gives a NaN
		}
	case op == opBulk && x.sub <= 7:
		s.pop()
		s.push(value{})
	default:
		in, out := s.effect(x)
		s.popAll(in)
		s.pushAll(out)
	}
}

// effect returns the number of operands of an instruction, and its results, for instructions
// that neither compute nor change the control flow.
func (b *body) effect(x *instruction) (int, string) {
	any1 := string([]byte{typeFuncref})
	switch op := x.op; {
	case op == opGlobalSet:
		return 1, ""
	case op == opTableGet || op == opRefIsNull || op == opMemoryGrow:
		return 1, i32
	case op == opTableSet:
		return 2, ""
	case op >= opI32Load && op < opI32Store:
		kind, _ := access(op)
		return 1, kind
	case op >= opI32Store && op <= opI64Store32:
		return 2, ""
	case op == opMemorySize || op == opI32Const || op == opI64Const:
		return 0, i32
	case op == opRefNull || op == opRefFunc:
		return 0, any1
	case op == opBulk:
		switch x.sub {
		case bulkMemoryInit, bulkMemoryCopy, bulkMemoryFill, bulkTableInit, bulkTableCopy, bulkTableFill:
			return 3, ""
		case bulkDataDrop, bulkElemDrop:
			return 0, ""
		case bulkTableGrow:
			return 2, i32
		case bulkTableSize:
			return 0, i32
		default:
			return 1, i32
		}
	}
	return 0, ""
}

// arithmetic returns the kind of the result of an instruction that may make a NaN.
func arithmetic(op byte) byte {
	switch {
	case op >= 0x8d && op <= 0x97, op == 0xb6:
		return typeF32
	case op >= 0x9b && op <= 0xa5, op == 0xbb:
		return typeF64
	default:
		return 0
	}
}

func (s *search) control(x *instruction) {
	switch x.op {
	case opBlock, opLoop, opIf:
		if x.op == opIf {
			s.pop()
		}
		kind := s.module.blockKind(s.raw[x.at+1 : x.end])
		s.settleTop(len(kind.params))
		s.frames = append(s.frames, frame{op: x.op, kind: kind, height: max(0, len(s.stack)-len(kind.params))})
		s.reset(kind.params)
	case opElse:
		f := &s.frames[len(s.frames)-1]
		s.settleTop(min(len(f.kind.results), max(0, len(s.stack)-f.height)))
		s.reset(f.kind.params)
	case opEnd:
		f := s.frames[len(s.frames)-1]
		s.settleTop(min(len(f.kind.results), max(0, len(s.stack)-f.height)))
		s.reset(f.kind.results)
		s.frames = s.frames[:len(s.frames)-1]
	case opBr, opBrIf, opBrTable, opReturn:
		s.branch(x)
	case opUnreachable:
		s.leave()
	}
}

// reset removes the values of a frame and pushes values of these types.
func (s *search) reset(kinds string) {
	s.leave()
	s.pushAll(kinds)
}

func (s *search) leave() { s.stack = s.stack[:min(len(s.stack), s.frames[len(s.frames)-1].height)] }

func (s *search) branch(x *instruction) {
	takes := len(s.kind.results)
	switch x.op {
	case opBr:
		takes = len(s.frames[len(s.frames)-1-int(x.index)].label())
	case opBrIf:
		s.pop()
		takes = len(s.frames[len(s.frames)-1-int(x.index)].label())
	case opBrTable:
		s.pop()
		targets := s.targets(x)
		takes = len(s.frames[len(s.frames)-1-int(targets[0])].label())
	}
	s.settleTop(takes)
	if x.op != opBrIf {
		s.leave()
	}
}

func (s *search) choose(at int) {
	s.pop()
	b, a := s.pop(), s.pop()
	if a.origin == computed && b.origin == computed && a.kind == b.kind {
		s.push(value{origin: computed, kind: a.kind, at: at})
		return
	}
	s.settle(a)
	s.settle(b)
	chosen := value{}
	if a.origin == moved || b.origin == moved {
		chosen.origin = moved
	}
	s.push(chosen)
}

func (s *search) store(local uint32, v value) {
	if !floating(s.locals[local]) {
		return
	}
	switch {
	case s.keep[local]:
		s.settle(v)
	case v.origin == moved:
		s.keep[local] = true
		s.again = true
	}
}

func (s *search) load(at int, local uint32) {
	if kind := s.locals[local]; floating(kind) && !s.keep[local] {
		s.push(value{origin: computed, kind: kind, at: at})
	} else {
		s.push(given(kind))
	}
}

// number pushes a constant, which may be a NaN with any bits.
func (s *search) number(x *instruction) {
	v := value{}
	bits := s.raw[x.at+1 : x.end]
	if x.op == opF32Const && binary.LittleEndian.Uint32(bits)&(1<<31-1) > 0x7f800000 ||
		x.op == opF64Const && binary.LittleEndian.Uint64(bits)&(1<<63-1) > 0x7ff<<52 {
		v.origin = moved
	}
	s.push(v)
}

// vectorArithmetic returns the kind of the result of a SIMD instruction that may make a NaN,
// and whether its operands have lanes of the same kind.
func vectorArithmetic(sub uint32) (kind byte, same bool) {
	switch {
	case sub >= 103 && sub <= 106, sub == 227, sub >= 228 && sub <= 233:
		return lanesF32, true
	case sub == 116, sub == 117, sub == 122, sub == 148, sub == 239, sub >= 240 && sub <= 245:
		return lanesF64, true
	case sub == 94:
		return lanesF32, false
	case sub == 95:
		return lanesF64, false
	default:
		return 0, false
	}
}

func (s *search) vector(at int, sub uint32) {
	in, out, _ := vector(sub)
	kind, same := vectorArithmetic(sub)
	for range in {
		if v := s.pop(); !same || v.kind != kind {
			s.settle(v)
		}
	}
	if kind != 0 {
		s.push(value{origin: computed, kind: kind, at: at})
		return
	}
	s.pushAll(out)
}

// blockKind reads the type of a block in a validated body.
func (m *Module) blockKind(raw []byte) funcType {
	r := &reader{b: raw}
	index := r.signed(33)
	switch {
	case index >= 0:
		return m.types[index]
	case byte(index&0x7f) == blockVoid:
		return funcType{}
	default:
		return funcType{results: string([]byte{byte(index & 0x7f)})}
	}
}
