package meter

import "math/bits"

// The counted stack, part of the profile. A unit is about a byte of native stack.
const (
	// StackUnits is how much stack a program has.
	StackUnits = 40 << 20
	// FrameUnits is what any call of a counted function takes.
	FrameUnits = 128
	// ValueUnits is what each parameter and result takes twice, and each kept value
	// once; a v128 takes double.
	ValueUnits = 8
	// CodeBytesPerUnit is how many bytes of a function's code take one unit more.
	CodeBytesPerUnit = 32
	// LeafUnits is the most that a function without calls may take uncounted.
	LeafUnits = 1 << 16
	// RegisterInts and RegisterFloats are how many values of either sort a function
	// may have at once without a place on the stack for each.
	RegisterInts   = 8
	RegisterFloats = 12
)

// units is what a call of the function takes off the counted stack. A compiler gives
// a place on the stack to each value that outlives a call, or that lives where there
// are more values than registers; and some give no place twice. So what counts are
// the values that are kept in this sense: definitions of locals, and operands.
func (b *body) units() int64 {
	values := func(kinds string) int64 {
		n := int64(len(kinds))
		for i := range kinds {
			if kinds[i] == typeV128 {
				n++
			}
		}
		return n
	}
	f := newFlow(b)
	kept := f.locals() + f.operands()
	return FrameUnits + ValueUnits*(2*(values(b.kind.params)+values(b.kind.results))+kept) + int64(len(b.raw))/CodeBytesPerUnit
}

// set is a set of locals.
type set []uint64

func (s set) has(i uint32) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s set) add(i uint32)      { s[i/64] |= 1 << (i % 64) }
func (s set) remove(i uint32)   { s[i/64] &^= 1 << (i % 64) }

func (s set) join(o set) {
	for i := range s {
		s[i] |= o[i]
	}
}

// scope is a block of the function, or the function itself.
type scope struct {
	op         byte
	parent     int
	written    set // locals that are set inside
	read       set // locals that are read inside
	outermost  int // the outermost scope that a branch inside leads to
	live, kept set // at its label
	other      set // live where its else begins
	otherKept  set
	hasElse    bool
}

// flow follows the locals of a body from its end to its start.
type flow struct {
	*body

	floating set // locals that are floats or vectors
	wide     set // locals that are vectors
	scopes   []scope
	of       []int32 // the scope that an instruction opens, closes or parts
	calls    []bool  // instructions that call
	full     []bool  // instructions before which there are more values than registers

	live, kept   set
	ints, floats int // how many are live
	sum          int64
	crowded      bool
}

func (f *flow) set() set { return make(set, (len(f.body.locals)+63)/64) }

func newFlow(b *body) *flow {
	f := &flow{body: b, of: make([]int32, len(b.code)), calls: make([]bool, len(b.code)), full: make([]bool, len(b.code))}
	f.floating, f.wide, f.live, f.kept = f.set(), f.set(), f.set(), f.set()
	for i := range b.locals {
		if floating(b.locals[i]) {
			f.floating.add(uint32(i))
		}
		if b.locals[i] == typeV128 {
			f.wide.add(uint32(i))
		}
	}
	f.scopes = append(f.scopes, scope{op: opBlock, parent: -1, written: f.set(), read: f.set()})
	f.shape()
	return f
}

// shape finds the scopes, and what happens inside of them.
func (f *flow) shape() {
	at := 0 // the innermost scope
	branch := func(label uint32) {
		to := at
		for range label {
			to = f.scopes[to].parent
		}
		f.scopes[at].outermost = min(f.scopes[at].outermost, to)
	}
	for i := range f.code {
		x := &f.code[i]
		f.calls[i] = f.keeps(x)
		f.of[i] = int32(at)
		switch x.op {
		case opLocalGet:
			f.scopes[at].read.add(x.index)
		case opLocalSet, opLocalTee:
			f.scopes[at].written.add(x.index)
		case opBlock, opLoop, opIf:
			f.scopes = append(f.scopes, scope{op: x.op, parent: at, written: f.set(), read: f.set(), outermost: len(f.scopes)})
			at = len(f.scopes) - 1
			f.of[i] = int32(at)
		case opElse:
			f.scopes[at].hasElse = true
		case opBr, opBrIf:
			branch(x.index)
		case opBrTable:
			for _, label := range f.targets(x) {
				branch(label)
			}
		case opEnd:
			s := &f.scopes[at]
			if s.parent >= 0 {
				p := &f.scopes[s.parent]
				p.written.join(s.written)
				p.read.join(s.read)
				p.outermost = min(p.outermost, s.outermost)
				at = s.parent
			}
		}
	}
}

// keeps says whether an instruction calls something, so that what lives on has to be
// kept. A loop may have to fetch fuel at its start.
func (f *flow) keeps(x *instruction) bool {
	switch x.op {
	case opCall, opCallIndirect, opMemoryGrow, opLoop:
		return true
	case opBulk:
		return x.sub >= bulkMemoryInit
	default:
		return false
	}
}

// locals sums up the definitions of locals that are kept.
func (f *flow) locals() int64 {
	for i := len(f.code) - 1; i >= 0; i-- {
		x := &f.code[i]
		f.back(x, int(f.of[i]))
		if f.calls[i] {
			f.kept.join(f.live)
		}
		ints := f.ints + int(x.operands-x.floats)
		floats := f.floats + int(x.floats)
		if f.full[i] = ints > RegisterInts || floats > RegisterFloats; f.full[i] && !f.crowded {
			f.kept.join(f.live)
		}
		f.crowded = f.full[i]
	}
	// Fuel may have to be fetched at the entry.
	f.kept.join(f.live)
	return f.sum + f.weigh(f.kept, nil)
}

// back goes over one instruction, from what lives after it to what lives before it.
func (f *flow) back(x *instruction, at int) {
	switch x.op {
	case opLocalGet:
		f.use(x.index)
	case opLocalSet, opLocalTee:
		f.define(x.index)
	case opEnd:
		f.label(at)
	case opElse:
		s := &f.scopes[at]
		s.other, s.otherKept = append(set(nil), f.live...), append(set(nil), f.kept...)
		f.become(s.live, s.kept)
	case opLoop:
		s := &f.scopes[at]
		f.sum += f.weigh(s.live, s.written)
		f.become(s.live, s.kept)
	case opIf:
		if s := &f.scopes[at]; s.hasElse {
			f.meet(s.other, s.otherKept)
		} else {
			f.meet(s.live, s.kept)
		}
	case opBr, opBrIf:
		to := f.target(at, x.index)
		if x.op == opBr {
			f.nothing()
		}
		f.meet(to.live, to.kept)
	case opBrTable:
		f.nothing()
		for _, label := range f.targets(x) {
			to := f.target(at, label)
			f.live.join(to.live)
			f.kept.join(to.kept)
		}
		f.recount()
	case opReturn, opUnreachable:
		f.nothing()
		f.recount()
	}
}

func (f *flow) target(at int, label uint32) *scope {
	for range label {
		at = f.scopes[at].parent
	}
	return &f.scopes[at]
}

func (f *flow) use(local uint32) {
	if f.live.has(local) {
		return
	}
	f.live.add(local)
	if f.crowded {
		f.kept.add(local)
	}
	if f.floating.has(local) {
		f.floats++
	} else {
		f.ints++
	}
}

func (f *flow) define(local uint32) {
	if !f.live.has(local) {
		return
	}
	if f.kept.has(local) {
		f.sum++
		if f.wide.has(local) {
			f.sum++
		}
	}
	f.live.remove(local)
	f.kept.remove(local)
	if f.floating.has(local) {
		f.floats--
	} else {
		f.ints--
	}
}

// label is the end of a scope. Where branches meet, a local that is set inside has a
// new definition; a loop has it at its start.
func (f *flow) label(at int) {
	s := &f.scopes[at]
	f.crowded = false // what is live inside has to be looked at anew
	s.live = append(set(nil), f.live...)
	if s.op != opLoop {
		f.sum += f.weigh(f.kept, s.written)
		for i := range f.kept {
			f.kept[i] &^= s.written[i]
		}
		s.kept = append(set(nil), f.kept...)
		return
	}
	// What may live at the start of a loop: all that it reads, or that lives
	// where it is left.
	s.live.join(s.read)
	for to := s.parent; to >= 0 && to >= s.outermost; to = f.scopes[to].parent {
		if f.scopes[to].live != nil {
			s.live.join(f.scopes[to].live)
		}
	}
	s.kept = append(set(nil), s.live...)
	for i := range s.kept {
		s.kept[i] &^= s.written[i]
	}
}

func (f *flow) nothing() {
	clear(f.live)
	clear(f.kept)
}

func (f *flow) become(live, kept set) {
	copy(f.live, live)
	copy(f.kept, kept)
	f.recount()
}

func (f *flow) meet(live, kept set) {
	f.live.join(live)
	f.kept.join(kept)
	f.recount()
}

func (f *flow) recount() {
	f.ints, f.floats, f.crowded = 0, 0, false
	for i, w := range f.live {
		f.floats += bits.OnesCount64(w & f.floating[i])
		f.ints += bits.OnesCount64(w &^ f.floating[i])
	}
}

// weigh counts the locals that are in both sets, vectors twice.
func (f *flow) weigh(a, b set) int64 {
	n := 0
	for i, w := range a {
		if b != nil {
			w &= b[i]
		}
		n += bits.OnesCount64(w) + bits.OnesCount64(w&f.wide[i])
	}
	return int64(n)
}

// operands sums up the operands that are kept.
func (f *flow) operands() int64 {
	// How many of the instructions before one call, or are crowded.
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
	sum := int64(0)
	for _, l := range f.body.lives {
		from, to := min(l.from+1, len(f.code)), min(l.to, len(f.code))
		if from > to || called[to] == called[from] && full[to+1] == full[from] {
			continue
		}
		sum++
		if l.wide {
			sum++
		}
	}
	return sum
}
