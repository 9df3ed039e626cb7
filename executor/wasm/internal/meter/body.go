package meter

import "strings"

// instruction is an instruction of a function's body that can be reached.
type instruction struct {
	at, end int // the offsets of its bytes
	op      byte
	sub     uint32 // the second opcode of the prefixed groups
	index   uint32 // the index in the first immediate: a local, a label, a function
	second  uint32 // the index in the second immediate, or the places of a block's parameters

	// operands is the number of operands on the stack before the instruction, and floats is
	// how many of them are floats or vectors.
	operands, floats uint32
}

// operand is a value on the stack of the validator.
type operand struct {
	kind   byte
	floats uint32 // how many of the values up to and including this one are floats or vectors
	from   int    // the instruction that pushed it
}

// life says how long an operand stays on the stack.
type life struct {
	from, to int
	kind     byte
}

// body is a validated function. It does not contain code that cannot be reached.
type body struct {
	module *Module
	kind   funcType
	locals string // the types of parameters and locals
	raw    []byte
	code   []instruction
	lives  []life
	calls  bool // whether it calls any other function
	loops  bool
}

// frame is an open block, loop or if.
type frame struct {
	op      byte
	kind    funcType
	height  int  // the number of operands below it
	loops   int  // the number of loops that enclose it, including itself
	dead    bool // the code that follows in it cannot be reached
	dropped bool // the frame itself cannot be reached
}

// label returns the types of the values that a branch to the frame carries.
func (f *frame) label() string {
	if f.op == opLoop {
		return f.kind.params
	}
	return f.kind.results
}

// validator checks a body with the algorithm in the appendix of the specification.
type validator struct {
	*reader
	*body

	stack  []operand
	frames []frame
	flow   joins
}

// read decodes and validates the body of a function.
func (m *Module) read(kind funcType, raw []byte) (*body, joins, error) {
	v := &validator{reader: &reader{b: raw}, body: &body{module: m, kind: kind, raw: raw}}
	v.limit(uint64(len(raw)), MaxFunctionBytes, "bytes of code in a function")
	v.readLocals()
	v.flow.carried = uint64(len(kind.results))
	v.open(opBlock, funcType{results: kind.results})
	for v.err == nil && len(v.frames) > 0 {
		v.step()
	}
	if v.err == nil && v.pos != len(raw) {
		v.fail("%d bytes too many", len(raw)-v.pos)
	}
	return v.body, v.flow, v.err
}

func (v *validator) readLocals() {
	var locals strings.Builder
	locals.WriteString(v.kind.params)
	most := MaxFunctionLocals - len(v.kind.results)
	for n := v.count(); n > 0 && v.err == nil; n-- {
		count := v.u32()
		kind := v.valueType()
		v.limit(uint64(locals.Len())+uint64(count), uint64(most), "parameters and locals")
		if v.err == nil {
			locals.WriteString(strings.Repeat(string([]byte{kind}), int(count)))
		}
	}
	v.locals = locals.String()
}

func (v *validator) top() *frame { return &v.frames[len(v.frames)-1] }

func (v *validator) open(op byte, kind funcType) {
	dropped, loops := false, 0
	if len(v.frames) > 0 {
		dropped, loops = v.top().dead || v.top().dropped, v.top().loops
	}
	if op == opLoop {
		loops++
	}
	v.frames = append(v.frames, frame{op: op, kind: kind, height: len(v.stack), loops: loops, dropped: dropped})
	v.pushAll(kind.params)
}

func (v *validator) push(kind byte) {
	o := operand{kind: kind, floats: v.floats(), from: len(v.code)}
	if floating(kind) {
		o.floats++
	}
	v.stack = append(v.stack, o)
}

func (v *validator) pushAll(kinds string) {
	for i := range kinds {
		v.push(kinds[i])
	}
}

// floats returns how many floats and vectors are on the stack.
func (v *validator) floats() uint32 {
	if len(v.stack) == 0 {
		return 0
	}
	return v.stack[len(v.stack)-1].floats
}

// pop takes a value of any type.
func (v *validator) pop() byte {
	f := v.top()
	if len(v.stack) == f.height {
		if !f.dead {
			v.fail("an operand is missing")
		}
		return typeAny
	}
	o := v.stack[len(v.stack)-1]
	v.stack = v.stack[:len(v.stack)-1]
	if !f.dead && !f.dropped {
		v.lives = append(v.lives, life{from: o.from, to: len(v.code), kind: o.kind})
	}
	return o.kind
}

func (v *validator) want(kind byte) {
	if found := v.pop(); found != kind && found != typeAny && v.err == nil {
		v.fail("expected an operand of type 0x%02x, found 0x%02x", kind, found)
	}
}

// wantAll takes values of these types from the stack, the last of them first.
func (v *validator) wantAll(kinds string) {
	for i := len(kinds) - 1; i >= 0; i-- {
		v.want(kinds[i])
	}
}

// unreachable marks the code that follows in the frame as unreachable.
func (v *validator) unreachable() {
	f := v.top()
	v.stack = v.stack[:f.height]
	f.dead = true
}

// target returns the frame that a branch names.
func (v *validator) target(label uint32) *frame {
	if uint64(label) >= uint64(len(v.frames)) {
		v.fail("label %d does not exist", label)
		return v.top()
	}
	return &v.frames[len(v.frames)-1-int(label)]
}

// step reads one instruction.
func (v *validator) step() {
	x := instruction{at: v.pos, operands: uint32(len(v.stack)), floats: v.floats()}
	x.op = v.byte()
	f := v.top()
	kept := !f.dropped && (!f.dead || x.op == opElse || x.op == opEnd)
	opened := len(v.frames)
	v.instruction(&x)
	x.end = v.pos
	if v.err != nil || !kept {
		return
	}
	if len(v.frames) > opened && v.top().dropped {
		return
	}
	v.flow.add(x.op)
	switch x.op {
	case opCall, opCallIndirect:
		v.calls = true
	case opLoop:
		v.loops = true
		if v.top().loops > ExactLoops {
			v.flow.around += uint64(len(v.frames))
		}
	}
	v.code = append(v.code, x)
}
