package meter

const (
	// RegisterInts is how many integers and references a function may have at once without a
	// place on the stack for each.
	RegisterInts = 6
	// RegisterFloats is how many floats and vectors a function may have at once without a
	// place on the stack for each.
	RegisterFloats = 8
)

// keeping finds the values that are kept: those that outlive a call, and those that give
// way where more values live than there are registers.
type keeping struct {
	liveness
	values *values

	kept   set    // locals whose value is kept further on
	whole  bool   // all that lives is kept
	marked []bool // values that are kept
	calls  []bool // instructions that call
	full   []bool // instructions before which there are more operands than registers
	held   [2]queue
}

// kept gives the types of the values that are kept.
func (b *body) kept() []byte {
	s := b.scopes()
	v := s.values()
	s.liveness()
	f := &keeping{
		liveness: liveness{scopes: s, live: b.set()}, values: v,
		kept: b.set(), marked: make([]bool, len(v.kinds)),
		calls: make([]bool, len(b.code)), full: make([]bool, len(b.code)),
	}
	f.held[0].init(len(b.locals))
	f.held[1].init(len(b.locals))
	f.ofLocals()
	f.ofOperands()
	var kinds []byte
	for value, kept := range f.marked {
		if kept && v.kinds[value] != 0 {
			kinds = append(kinds, v.kinds[value])
		}
	}
	return kinds
}

// callsOut says whether an instruction calls something, so that what lives on has to be
// kept. A loop may have to fetch fuel at its start.
func callsOut(x *instruction) bool {
	switch x.op {
	case opCall, opCallIndirect, opMemoryGrow, opLoop:
		return true
	case opBulk:
		return x.sub >= bulkMemoryInit
	default:
		return false
	}
}

// ofLocals marks the values of locals that are kept.
func (f *keeping) ofLocals() {
	for i := len(f.code) - 1; i >= 0; i-- {
		x := &f.code[i]
		switch x.op {
		case opLocalGet:
			f.use(x.index)
		case opLocalSet, opLocalTee:
			f.define(x.index, f.values.taken[i])
		default:
			f.back(i)
			f.hold(x.op, int(f.of[i]))
		}
		// At the start of a loop what lives is kept already.
		if f.calls[i] = callsOut(x); f.calls[i] && x.op != opLoop {
			f.keep()
		}
		f.crowd(i)
	}
	// Fuel may have to be fetched at the entry.
	for i := range f.kind.params {
		if f.live.has(uint32(i)) {
			f.marked[i+1] = true
		}
	}
}

// use makes a local live before the instruction that reads it.
func (f *keeping) use(local uint32) {
	if !f.live.has(local) {
		f.live.add(local)
		f.whole = false
	}
	f.heldWith(local).push(local)
}

// define ends a local's life before the instruction that gives it a value.
func (f *keeping) define(local uint32, value int32) {
	if f.kept.has(local) {
		f.marked[value] = true
	}
	f.live.remove(local)
	f.kept.remove(local)
	f.heldWith(local).remove(local)
}

// heldWith are the locals in registers of the same sort as this one.
func (f *keeping) heldWith(local uint32) *queue {
	if floating(f.scopes.locals[local]) {
		return &f.held[1]
	}
	return &f.held[0]
}

// crowd makes locals give way where more values live before an instruction than there
// are registers: those that are read last.
func (f *keeping) crowd(i int) {
	x := &f.code[i]
	operands := [2]int{int(x.operands - x.floats), int(x.floats)}
	for sort, registers := range [2]int{RegisterInts, RegisterFloats} {
		held := &f.held[sort]
		for held.length > 0 && held.length+operands[sort] > registers {
			f.kept.add(held.pop())
		}
		f.full[i] = f.full[i] || operands[sort] > registers
	}
}

// keep keeps all that lives.
func (f *keeping) keep() {
	if !f.whole {
		f.kept.join(f.live)
		f.whole = true
	}
}

// hold goes over an instruction that parts or joins paths, or ends one, from what is
// kept after it to what is kept before it.
func (f *keeping) hold(op byte, at int) {
	switch op {
	case opEnd:
		f.meet(at)
	case opElse:
		s := &f.list[at]
		s.otherKept = copied(s.otherKept, f.kept)
		copy(f.kept, s.kept)
	case opLoop:
		// All that lives here outlives the call that fetches fuel.
		f.kept.join(f.live)
		f.join(at)
	case opIf:
		if s := &f.list[at]; s.hasElse {
			f.kept.join(s.otherKept)
		} else {
			f.kept.join(s.kept)
		}
	case opBr:
		copy(f.kept, f.list[at].kept)
	case opBrIf:
		f.kept.join(f.list[at].kept)
	case opBrTable:
		clear(f.kept)
		for _, to := range f.tables[at] {
			f.kept.join(f.list[to].kept)
		}
	case opReturn, opUnreachable:
		clear(f.kept)
	default:
		return
	}
	f.regain()
}

// meet is the end of a scope: what joins at its label has values of its own from here
// on. A loop's label is its start, where all that lives is kept.
func (f *keeping) meet(at int) {
	s := &f.list[at]
	if s.op == opLoop {
		s.kept = copied(s.kept, s.live)
		s.kept.without(s.written)
		return
	}
	f.join(at)
	s.kept = copied(s.kept, f.kept)
}

// join marks the values that locals get where branches meet, if they are kept.
func (f *keeping) join(at int) {
	s := &f.list[at]
	next := s.first
	s.joined.each(func(local uint32) {
		if f.kept.has(local) {
			f.marked[next] = true
			f.kept.remove(local)
		}
		next++
	})
}

// regain puts all locals that live into registers again.
func (f *keeping) regain() {
	f.whole = false
	f.held[0].clear()
	f.held[1].clear()
	f.live.each(func(local uint32) { f.heldWith(local).push(local) })
}

// ofOperands marks the operands that are kept.
func (f *keeping) ofOperands() {
	// How many of the instructions before one call, or are full.
	called, full := make([]uint32, len(f.code)+2), make([]uint32, len(f.code)+2)
	for i := range f.code {
		called[i+1], full[i+1] = called[i], full[i]
		if f.calls[i] {
			called[i+1]++
		}
		if f.full[i] {
			full[i+1]++
		}
	}
	called[len(f.code)+1], full[len(f.code)+1] = called[len(f.code)], full[len(f.code)]
	for i, l := range f.lives {
		from, to := min(l.from+1, len(f.code)), min(l.to, len(f.code))
		if from <= to && (called[to] != called[from] || full[to+1] != full[from]) {
			f.marked[f.values.operands[i]] = true
		}
	}
}
