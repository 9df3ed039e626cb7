package meter

// ExactLoops is how many loops may be in one another so that it is known exactly which
// locals live at the start of each. For loops further inside a larger set is taken, so
// that the work does not grow with how deep they are.
const ExactLoops = 8

// liveness follows the locals of a body from its end to its start.
type liveness struct {
	*scopes
	live set
}

// liveness finds the locals that live at the start of each loop: those that may be read
// before they are set again. A walk from the end to the start knows them for the loops
// that are in no other, whatever it takes to live at their ends, because what lives on
// from there lives at the start already; the next walk for the loops inside of those.
func (s *scopes) liveness() {
	f := &liveness{scopes: s, live: s.set()}
	for range min(s.loops, ExactLoops) {
		clear(f.live)
		for i := len(s.code) - 1; i >= 0; i-- {
			f.back(i)
		}
	}
}

// back goes over one instruction, from what lives after it to what lives before it.
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

// label finds what lives at the label of a scope, given what lives behind its end. At
// the label of a loop, which is its start, that is what the walk before this one found.
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
	// Anything that the loop reads, or that lives where it is left.
	copy(l.live, behind)
	l.live.join(l.read)
	for to := l.parent; to >= l.outermost; to = s.list[to].parent {
		l.live.join(s.list[to].live)
	}
}

// copied copies a set into another one, or a new one if there is none.
func copied(into, from set) set {
	if into == nil {
		into = make(set, len(from))
	}
	copy(into, from)
	return into
}
