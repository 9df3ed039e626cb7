package meter

// ExactLoops is the depth of nested loops up to which the set of locals that are live at the
// start of each loop is exact. For more deeply nested loops a larger set is used, so that the
// work does not grow with the depth.
const ExactLoops = 8

// liveness finds live locals by a walk over a body from its end to its start.
type liveness struct {
	*scopes
	live set
}

// liveness finds the locals that are live at the start of each loop, which are those that may
// be read before they are set again. One walk from the end to the start finds these locals for
// the outermost loops, whatever it assumes to be live at the ends of the loops, because a
// local that is live across the end is already live at the start. The next walk finds them for
// the loops one level further inside, and so on.
func (s *scopes) liveness() {
	f := &liveness{scopes: s, live: s.set()}
	for range min(s.loops, ExactLoops) {
		clear(f.live)
		for i := len(s.code) - 1; i >= 0; i-- {
			f.back(i)
		}
	}
}

// back processes one instruction. It replaces the locals that are live after the instruction
// by those that are live before it.
func (f *liveness) back(i int) {
	x, at := &f.code[i], int(f.of[i])
	switch x.op {
	case opLocalGet:
		f.live.add(x.index)
	case opLocalSet, opLocalTee:
		f.live.remove(x.index)
	case opEnd:
		f.label(at, f.live)
	case opElse:
		s := &f.list[at]
		s.otherLive = copied(s.otherLive, f.live)
		copy(f.live, s.live)
	case opLoop:
		if s := &f.list[at]; s.loops <= ExactLoops {
			copy(s.live, f.live)
		}
	case opIf:
		if s := &f.list[at]; s.hasElse {
			f.live.join(s.otherLive)
		} else {
			f.live.join(s.live)
		}
	case opBr:
		copy(f.live, f.list[at].live)
	case opBrIf:
		f.live.join(f.list[at].live)
	case opBrTable:
		clear(f.live)
		for _, to := range f.tables[at] {
			f.live.join(f.list[to].live)
		}
	case opReturn, opUnreachable:
		clear(f.live)
	}
}

// label finds the locals that are live at the label of a scope, given those that are live
// after its end. The label of a loop is its start, for which the previous walk has found the
// live locals.
func (s *scopes) label(at int, behind set) {
	l := &s.list[at]
	if l.op != opLoop {
		l.live = copied(l.live, behind)
		return
	}
	if l.live == nil {
		l.live = s.set()
	}
	if l.loops <= ExactLoops {
		return
	}
	// This includes every local that the loop reads, or that is live where the loop is left.
	copy(l.live, behind)
	l.live.join(l.read)
	for to := l.parent; to >= l.outermost; to = s.list[to].parent {
		l.live.join(s.list[to].live)
	}
}

// copied copies a set into another one. If there is no other set, it makes a new one.
func copied(into, from set) set {
	if into == nil {
		into = make(set, len(from))
	}
	copy(into, from)
	return into
}
