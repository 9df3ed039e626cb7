package meter

import "math/bits"

const (
	// RegisterInts is the number of integers and references that a function may have at the
	// same time without a place on the stack for each of them.
	RegisterInts = 6
	// RegisterFloats is the number of floats and vectors that a function may have at the same
	// time without a place on the stack for each of them.
	RegisterFloats = 8
	// FreeGlobals is the number of globals that a stretch may use without a register for each
	// of them.
	FreeGlobals = 4
)

// These are the sorts of values, by the registers that they need.
const (
	ints   = iota // integers and references
	floats        // floats and vectors
	sorts
)

func sortOf(kind byte) int {
	if floating(kind) {
		return floats
	}
	return ints
}

// keeping finds the values that are kept: those that outlive a call or the place where ways
// meet, those that are passed there, and all that are live where more values are live than
// there are registers.
type keeping struct {
	liveness
	values    *values
	stretches *stretches

	kept    set         // locals whose value is kept later
	whole   [sorts]bool // whether all live locals are kept
	of      [sorts]set
	alive   [sorts]int    // how many locals are live
	crowded [sorts][]bool // instructions before which there are more values than registers
	across  []bool        // instructions across which everything is kept
	marked  []bool        // values that are kept
}

func (b *body) keeping() *keeping {
	s := b.scopes()
	s.liveness()
	v := s.values()
	f := &keeping{
		liveness: liveness{scopes: s, live: b.set()}, values: v, stretches: v.stretches(),
		kept: b.set(), marked: make([]bool, len(v.kinds)), across: make([]bool, len(b.code)),
	}
	for sort := range sorts {
		f.of[sort], f.crowded[sort] = b.set(), make([]bool, len(b.code))
	}
	for i := range b.locals {
		f.of[sortOf(b.locals[i])].add(uint32(i))
	}
	f.ofLocals()
	f.ofOperands()
	return f
}

// kinds returns the types of the values that are kept.
func (f *keeping) kinds() string {
	var kinds []byte
	for value, kept := range f.marked {
		if kept && f.values.kinds[value] != 0 {
			kinds = append(kinds, f.values.kinds[value])
		}
	}
	return string(kinds)
}

// callsOut reports whether an engine calls a function for an instruction.
func callsOut(x *instruction) bool {
	switch x.op {
	case opCall, opCallIndirect, opMemoryGrow, opRefFunc:
		return true
	case opBulk:
		return x.sub >= bulkMemoryInit
	default:
		return false
	}
}

// keepsAll reports whether everything that is live across an instruction is kept: it calls a
// function, or ways meet there. A loop may have to fetch fuel at its start.
func (f *keeping) keepsAll(i int) bool {
	switch x := &f.code[i]; x.op {
	case opLoop:
		return true
	case opEnd:
		return f.list[f.scopes.of[i]].ways > 1
	default:
		return callsOut(x)
	}
}

// ofLocals marks the values of locals that are kept.
func (f *keeping) ofLocals() {
	for i := len(f.code) - 1; i >= 0; i-- {
		x := &f.code[i]
		f.across[i] = f.keepsAll(i)
		switch x.op {
		case opLocalGet:
			f.use(x.index)
		case opLocalSet, opLocalTee:
			f.define(x.index, f.values.taken[i])
		default:
			f.part(i)
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
	if f.live.has(local) {
		return
	}
	sort := sortOf(f.scopes.locals[local])
	f.live.add(local)
	f.alive[sort]++
	f.whole[sort] = false
}

// define ends a local's life before the instruction that gives it a value.
func (f *keeping) define(local uint32, value int32) {
	if f.kept.has(local) {
		f.marked[value] = true
	}
	if f.live.has(local) {
		f.alive[sortOf(f.scopes.locals[local])]--
	}
	f.live.remove(local)
	f.kept.remove(local)
}

// part processes an instruction that does not name a local.
func (f *keeping) part(i int) {
	op := f.code[i].op
	if op == opEnd && f.across[i] {
		f.keepLive()
	}
	f.back(i)
	switch op {
	case opBlock, opLoop, opIf, opElse, opEnd, opBr, opBrIf, opBrTable, opReturn, opUnreachable:
		f.hold(op, int(f.scopes.of[i]))
		f.recount()
	}
	if f.across[i] {
		f.keepLive()
	}
}

// crowd keeps everything that is live before an instruction if it does not fit the registers.
func (f *keeping) crowd(i int) {
	x, s := &f.code[i], f.stretches.at(i)
	operands := [sorts]int{int(x.operands - x.floats), int(x.floats)}
	for sort, registers := range [sorts]int{RegisterInts, RegisterFloats} {
		if f.alive[sort]+operands[sort]+s.remembered(sort) > registers {
			f.keep(sort)
			f.crowded[sort][i], s.crowded[sort] = true, true
		}
	}
}

func (f *keeping) keepLive() {
	for sort := range sorts {
		f.keep(sort)
	}
}

// keep keeps every live local of a sort.
func (f *keeping) keep(sort int) {
	if f.whole[sort] {
		return
	}
	for i, w := range f.of[sort] {
		f.kept[i] |= f.live[i] & w
	}
	f.whole[sort] = true
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
	}
}

// meet processes the end of a scope. From here on, locals that join at its label have values
// of their own. Where ways meet, what arrives on each of them is kept too. The label of a loop
// is its start, where ways always meet.
func (f *keeping) meet(at int) {
	s := &f.list[at]
	if s.op == opLoop {
		s.kept = copied(s.kept, s.live)
		return
	}
	f.join(at)
	if s.ways > 1 {
		f.kept.join(f.live)
	}
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

// recount counts the live locals again.
func (f *keeping) recount() {
	for sort := range sorts {
		f.whole[sort], f.alive[sort] = false, 0
		for i, w := range f.of[sort] {
			f.alive[sort] += bits.OnesCount64(w & f.live[i])
		}
	}
}

// ofOperands marks the operands that are kept.
func (f *keeping) ofOperands() {
	across := sums(f.across)
	crowded := [sorts][]uint32{sums(f.crowded[ints]), sums(f.crowded[floats])}
	for n := range f.lives {
		l := &f.lives[n]
		from, to := min(l.from+1, len(f.code)), min(l.to, len(f.code))
		full := crowded[sortOf(l.kind)]
		// An operand that the next instruction takes does not give way to others.
		if from <= to && across[to] != across[from] || from < to && full[to+1] != full[from+1] || f.passed(n) {
			f.marked[f.values.operands[n]] = true
		}
	}
}

// sums returns, for each instruction, how many of the instructions before it are in the set.
func sums(in []bool) []uint32 {
	n := make([]uint32, len(in)+2)
	for i := range in {
		n[i+1] = n[i]
		if in[i] {
			n[i+1]++
		}
	}
	n[len(in)+1] = n[len(in)]
	return n
}

// passed reports whether an operand is passed to a function or to a place where ways meet, or
// comes from there: others have to give way to it, and it to others.
func (f *keeping) passed(n int) bool {
	l := &f.lives[n]
	if l.from < len(f.code) {
		if op := f.code[l.from].op; op == opLoop || op == opEnd && f.across[l.from] {
			return true
		}
	}
	if l.to >= len(f.code) {
		return false
	}
	switch f.code[l.to].op {
	case opCall, opCallIndirect, opBulk, opLoop, opElse, opBr:
		return true
	case opReturn:
		return len(f.kind.results) > 1
	case opEnd:
		return f.across[l.to] || l.to == len(f.code)-1 && len(f.kind.results) > 1
	case opIf, opBrIf, opBrTable:
		return n > 0 && f.lives[n-1].to == l.to // the first one is the condition
	default:
		return false
	}
}
