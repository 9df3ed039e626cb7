package meter

func (v *validator) instruction(x *instruction) {
	if in, out, known := numeric(x.op); known {
		v.wantAll(in)
		v.pushAll(out)
		return
	}
	switch op := x.op; {
	case op <= opReturn:
		v.control(x)
	case op == opCall || op == opCallIndirect:
		v.call(x)
	case op == opDrop:
		v.pop()
	case op == opSelect, op == opSelectTyped:
		v.choose(x)
	case op >= opLocalGet && op <= opGlobalSet:
		v.variable(x)
	case op >= opTableGet && op <= opTableSet, op >= opRefNull && op <= opRefFunc:
		v.refer(x)
	case op >= opI32Load && op <= opI64Store32:
		value, width := access(op)
		v.memarg(width)
		if op < opI32Store {
			v.want(typeI32)
			v.pushAll(value)
		} else {
			v.wantAll(i32 + value)
		}
	case op == opMemorySize:
		v.memoryIndex()
		v.push(typeI32)
	case op == opMemoryGrow:
		v.memoryIndex()
		v.want(typeI32)
		v.push(typeI32)
	case op >= opI32Const && op <= opF64Const:
		v.number(op)
	case op == opBulk:
		v.bulk(x)
	case op == opSIMD:
		v.vector(x)
	default:
		v.fail("instruction 0x%02x is not part of the profile", op)
	}
}

func (v *validator) number(op byte) {
	switch op {
	case opI32Const:
		v.signed(32)
		v.push(typeI32)
	case opI64Const:
		v.signed(64)
		v.push(typeI64)
	case opF32Const:
		v.bytes(4)
		v.push(typeF32)
	default:
		v.bytes(8)
		v.push(typeF64)
	}
}

// shortest reads a number in its shortest form. wazero reads a single byte here: if the form
// were longer, wazero would run other instructions than the specification says.
func (v *validator) shortest() uint32 {
	start := v.pos
	n := v.u32()
	if v.err == nil && v.pos-start != len(appendU32(nil, n)) {
		v.refuse(ErrUnsupported, "number %d is not written in its shortest form", n)
	}
	return n
}

// blockType reads the type of a block: no value or one value, a byte in either case, or the
// index of a function type. Only the index is a number, so a longer form of the byte is
// invalid.
func (v *validator) blockType() funcType {
	if kind, ok := v.shortBlockType(); ok {
		return kind
	}
	index := v.signed(33)
	if index < 0 || index >= int64(len(v.module.types)) {
		v.fail("block type %d does not exist", index)
		return funcType{}
	}
	return v.module.types[index]
}

// shortBlockType reads the type of a block that takes one byte, if there is such a type.
func (v *validator) shortBlockType() (funcType, bool) {
	if v.err != nil || v.done() || v.b[v.pos]&0xc0 != 0x40 {
		return funcType{}, false
	}
	if v.b[v.pos] == blockVoid {
		v.pos++
		return funcType{}, true
	}
	return funcType{results: string([]byte{v.valueType()})}, true
}

func (v *validator) control(x *instruction) {
	switch x.op {
	case opUnreachable:
		v.unreachable()
	case opNop:
	case opBlock, opLoop, opIf:
		kind := v.blockType()
		if x.op == opIf {
			v.want(typeI32)
		}
		v.wantAll(kind.params)
		x.second = uint32(places(kind.params))
		if !v.top().dead && !v.top().dropped {
			v.flow.carry(kind)
		}
		v.open(x.op, kind)
	case opElse:
		f := v.close()
		if f.op != opIf {
			v.fail("else without if")
		}
		f.op, f.dead = opElse, false
		v.frames = append(v.frames, f)
		v.pushAll(f.kind.params)
	case opEnd:
		f := v.close()
		if f.op == opIf && f.kind.params != f.kind.results {
			v.fail("an if without else has other results than parameters")
		}
		v.pushAll(f.kind.results)
	case opBr, opBrIf:
		x.index = v.u32()
		if x.op == opBrIf {
			v.want(typeI32)
		}
		kinds := v.target(x.index).label()
		v.wantAll(kinds)
		if x.op == opBr {
			v.unreachable()
		} else {
			v.pushAll(kinds)
		}
	case opBrTable:
		v.branchTable()
	case opReturn:
		v.wantAll(v.kind.results)
		v.unreachable()
	default:
		v.fail("instruction 0x%02x is not part of the profile", x.op)
	}
}

// close ends the innermost frame. The stack must contain exactly its results.
func (v *validator) close() frame {
	f := *v.top()
	v.wantAll(f.kind.results)
	if v.err == nil && len(v.stack) != f.height {
		v.fail("%d operands too many", len(v.stack)-f.height)
	}
	v.stack = v.stack[:f.height]
	v.frames = v.frames[:len(v.frames)-1]
	return f
}

func (v *validator) branchTable() {
	v.want(typeI32)
	n := v.count()
	v.limit(uint64(n), MaxBranchTable, "targets of a branch table")
	labels := make([]uint32, 0, n)
	for ; n > 0 && v.err == nil; n-- {
		labels = append(labels, v.u32())
	}
	last := v.target(v.u32()).label()
	for _, label := range labels {
		kinds := v.target(label).label()
		if len(kinds) != len(last) {
			v.fail("the targets of a branch table take different values")
		}
		if v.err != nil {
			return
		}
		if kinds == last && !v.top().dead {
			continue
		}
		v.peek(kinds)
	}
	v.wantAll(last)
	if f := v.top(); !f.dead && !f.dropped {
		v.flow.count += uint64(len(labels))
	}
	v.unreachable()
}

// peek compares the types on top of the stack with kinds, and does not remove the values.
func (v *validator) peek(kinds string) {
	base := v.top().height
	for i := range kinds {
		at := len(v.stack) - len(kinds) + i
		switch {
		case at < base && v.top().dead:
		case at < base:
			v.fail("an operand is missing")
		case v.stack[at].kind != kinds[i] && v.stack[at].kind != typeAny:
			v.fail("expected an operand of type 0x%02x, found 0x%02x", kinds[i], v.stack[at].kind)
		}
	}
}

func (v *validator) call(x *instruction) {
	x.index = v.u32()
	if x.op == opCallIndirect {
		x.second = v.u32()
		if v.table(x.second) != typeFuncref {
			v.fail("table %d does not hold functions", x.second)
		}
		v.want(typeI32)
		if uint64(x.index) >= uint64(len(v.module.types)) {
			v.fail("type %d does not exist", x.index)
			return
		}
	}
	kind := v.callee(x)
	v.wantAll(kind.params)
	v.pushAll(kind.results)
}

// callee returns the type of a called function.
func (v *validator) callee(x *instruction) funcType {
	kind, known := v.body.callee(x)
	if !known {
		v.fail("function %d does not exist", x.index)
	}
	return kind
}

func (b *body) callee(x *instruction) (funcType, bool) {
	if x.op == opCallIndirect {
		return b.module.types[x.index], true
	}
	return b.module.function(x.index)
}

func (v *validator) choose(x *instruction) {
	kind := byte(typeAny)
	if x.op == opSelectTyped {
		if n := v.shortest(); n != 1 {
			v.fail("select of %d types, expected one", n)
		}
		kind = v.valueType()
	}
	v.want(typeI32)
	if kind != typeAny {
		v.want(kind)
		v.want(kind)
		v.push(kind)
		return
	}
	a, b := v.pop(), v.pop()
	if a == typeFuncref || a == typeExternref || b == typeFuncref || b == typeExternref || a != b && a != typeAny && b != typeAny {
		v.fail("select between types 0x%02x and 0x%02x", a, b)
	}
	v.push(max(a, b)) // the other one is typeAny, or the same
}

func (v *validator) variable(x *instruction) {
	x.index = v.u32()
	var kind byte
	if x.op <= opLocalTee {
		if uint64(x.index) >= uint64(len(v.locals)) {
			v.fail("local %d does not exist", x.index)
			return
		}
		kind = v.locals[x.index]
	} else {
		if uint64(x.index) >= uint64(len(v.module.globals)) {
			v.fail("global %d does not exist", x.index)
			return
		}
		g := v.module.globals[x.index]
		if kind = g.kind; x.op == opGlobalSet && !g.mutable {
			v.fail("global %d is constant", x.index)
		}
	}
	switch x.op {
	case opLocalGet, opGlobalGet:
		v.push(kind)
	case opLocalTee:
		v.want(kind)
		v.push(kind)
	default:
		v.want(kind)
	}
}

// table returns the type of a table's elements.
func (v *validator) table(index uint32) byte {
	if uint64(index) >= uint64(len(v.module.tables)) {
		v.fail("table %d does not exist", index)
		return typeFuncref
	}
	return v.module.tables[index].kind
}

func (v *validator) refer(x *instruction) {
	switch x.op {
	case opTableGet:
		x.index = v.u32()
		v.want(typeI32)
		v.push(v.table(x.index))
	case opTableSet:
		x.index = v.u32()
		v.want(v.table(x.index))
		v.want(typeI32)
	case opRefNull:
		v.push(v.referenceType())
	case opRefIsNull:
		if kind := v.pop(); kind != typeFuncref && kind != typeExternref && kind != typeAny {
			v.fail("expected a reference, found type 0x%02x", kind)
		}
		v.push(typeI32)
	default:
		x.index = v.u32()
		if _, known := v.module.declared[x.index]; !known {
			v.fail("function %d is not declared as a reference", x.index)
		}
		v.push(typeFuncref)
	}
}

func (v *validator) memoryIndex() {
	if index := v.byte(); index != 0 || !v.module.hasMemory {
		v.fail("memory %d does not exist", index)
	}
}

func (v *validator) memarg(width uint32) {
	if align := v.u32(); align > width {
		v.fail("alignment of 2^%d bytes, at most 2^%d are possible", align, width)
	}
	v.u32()
	if !v.module.hasMemory {
		v.fail("memory 0 does not exist")
	}
}

func (v *validator) vector(x *instruction) {
	x.sub = v.shortest()
	in, out, known := vector(x.sub)
	switch {
	case !known && x.sub > 255:
		v.fail("relaxed instruction 0xfd %d is not part of the profile", x.sub)
	case !known:
		v.fail("instruction 0xfd %d does not exist", x.sub)
	case x.sub <= simdStore, x.sub >= simdLoadLane && x.sub <= simdLoadZero+1:
		v.memarg(vectorAccess(x.sub))
	case x.sub == simdConst:
		v.bytes(16)
	case x.sub == simdShuffle:
		for _, lane := range v.bytes(16) {
			if lane >= 32 {
				v.fail("lane %d of 32", lane)
			}
		}
	}
	if most := lanes(x.sub); most > 0 {
		if lane := v.byte(); lane >= most {
			v.fail("lane %d of %d", lane, most)
		}
	}
	v.wantAll(in)
	v.pushAll(out)
}

func (v *validator) bulk(x *instruction) {
	x.sub = v.u32()
	switch x.sub {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		in, out := saturating(x.sub)
		v.wantAll(in)
		v.pushAll(out)
	case bulkMemoryInit, bulkDataDrop:
		if x.index = v.u32(); !v.module.counted || x.index >= v.module.dataCount {
			v.fail("data segment %d is not announced", x.index)
		}
		if x.sub == bulkMemoryInit {
			v.memoryIndex()
			v.wantAll(i32 + i32 + i32)
		}
	case bulkMemoryCopy:
		v.memoryIndex()
		v.memoryIndex()
		v.wantAll(i32 + i32 + i32)
	case bulkMemoryFill:
		v.memoryIndex()
		v.wantAll(i32 + i32 + i32)
	case bulkTableInit, bulkElemDrop:
		if x.index = v.u32(); uint64(x.index) >= uint64(len(v.module.elements)) {
			v.fail("element segment %d does not exist", x.index)
			return
		}
		if x.sub == bulkTableInit {
			x.second = v.u32()
			if v.table(x.second) != v.module.elements[x.index].kind {
				v.fail("table %d has another type than element segment %d", x.second, x.index)
			}
			v.wantAll(i32 + i32 + i32)
		}
	case bulkTableCopy:
		x.index, x.second = v.u32(), v.u32()
		if v.table(x.index) != v.table(x.second) {
			v.fail("tables %d and %d have different types", x.index, x.second)
		}
		v.wantAll(i32 + i32 + i32)
	case bulkTableGrow:
		x.index = v.u32()
		v.want(typeI32)
		v.want(v.table(x.index))
		v.push(typeI32)
	case bulkTableSize:
		x.index = v.u32()
		v.table(x.index)
		v.push(typeI32)
	case bulkTableFill:
		x.index = v.u32()
		v.want(typeI32)
		v.want(v.table(x.index))
		v.want(typeI32)
	default:
		v.fail("instruction 0xfc %d does not exist", x.sub)
	}
}
