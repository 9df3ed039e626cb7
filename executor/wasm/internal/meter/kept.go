package meter

const (
	// RegisterInts is the number of integers and references that a function may have at the
	// same time without a place on the stack for each of them.
	RegisterInts = 6
	// RegisterFloats is the number of floats and vectors that a function may have at the same
	// time without a place on the stack for each of them.
	RegisterFloats = 8
)

// keeping finds the values that are kept. These are the values that outlive a call, and the
// values that give way if more values are live than there are registers.
type keeping struct {
	liveness
	values *values

	kept   set    // locals whose value is kept later
	whole  bool   // everything that is live is kept
	marked []bool // values that are kept
	calls  []bool // instructions that call
	full   []bool // instructions before which there are more operands than registers
	held   [2]queue
}

// kept returns the types of the values that are kept.
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

// callsOut reports whether an instruction calls a function, so that values that stay live have
// to be kept. A loop counts too, because it may have to fetch fuel at its start.
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
		// At the start of a loop, everything that is live is already kept.
		if f.calls[i] = callsOut(x); f.calls[i] && x.op != opLoop {
			f.keep()
		}
		f.crowd(i)
	}
	// The function may have to fetch fuel at its entry.
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

// heldWith returns the locals that are in registers of the same sort as this one.
func (f *keeping) heldWith(local uint32) *queue {
	if floating(f.scopes.locals[local]) {
		return &f.held[1]
	}
	return &f.held[0]
}

// crowd makes locals give way if more values are live before an instruction than there are
// registers. The locals that are read last give way.
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

// keep keeps everything that is live.
func (f *keeping) keep() {
	if !f.whole {
		f.kept.join(f.live)
		f.whole = true
	}
}

// hold processes an instruction at which paths part, join or end. It replaces what is kept
// after the instruction by what is kept before it.
func (f *keeping) hold(op byte, at int) {
	switch op {
	case opEnd:
		f.meet(at)
	case opElse:
		s := &f.list[at]
		s.otherKept = copied(s.otherKept, f.kept)
		copy(f.kept, s.kept)
	case opLoop:
		// Everything that is live here outlives the call that fetches fuel.
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

// meet processes the end of a scope. From here on, locals that join at its label have values
// of their own. The label of a loop is its start, where everything that is live is kept.
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

// join marks the values that locals get where branches meet, if these values are kept.
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

// regain puts all live locals into registers again.
func (f *keeping) regain() {
	f.whole = false
	f.held[0].clear()
	f.held[1].clear()
	f.live.each(func(local uint32) { f.heldWith(local).push(local) })
}

// ofOperands marks the operands that are kept.
func (f *keeping) ofOperands() {
	// called and full count, for each instruction, how many of the instructions before it call
	// or are full.
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
