package meter

// scope is a block of the function, or the function itself.
type scope struct {
	op        byte
	hasElse   bool
	parent    int
	loops     int // that it is in, itself among them
	written   set // locals that are set inside
	read      set // locals that are read inside
	outermost int // the outermost scope that a branch inside leads to
	named     int // the last branch table that names it

	// joined are the locals that have a value of their own where the scope's branches
	// meet, and first is the first of these values.
	joined set
	first  int

	// What lives, and what of it is kept, at the scope's label and where its else
	// begins.
	live, kept           set
	otherLive, otherKept set
}

// scopes are those of a body, the function's first.
type scopes struct {
	*body

	list []scope
	// of is, of an instruction that opens, closes or parts a scope, that scope; of a
	// branch the scope that it leads to; and of a branch table its place in tables.
	of []int32
	// tables are the scopes that the branch tables lead to, each once.
	tables [][]int32
	loops  int // most loops that are in one another

	stack []int // those that are open
}

func (b *body) set() set { return make(set, (len(b.locals)+63)/64) }

// scopes finds the blocks of a body, and what happens inside of them.
func (b *body) scopes() *scopes {
	s := &scopes{body: b, of: make([]int32, len(b.code))}
	s.open(opBlock, -1)
	for i := range b.code {
		x := &b.code[i]
		inner := &s.list[s.top()]
		switch x.op {
		case opLocalGet:
			inner.read.add(x.index)
		case opLocalSet, opLocalTee:
			inner.written.add(x.index)
		case opBlock, opLoop, opIf:
			s.open(x.op, s.top())
			s.of[i] = int32(s.top())
		case opElse:
			inner.hasElse = true
			s.of[i] = int32(s.top())
		case opBr, opBrIf:
			s.of[i] = int32(s.branch(x.index))
		case opBrTable:
			s.of[i] = int32(len(s.tables))
			s.tables = append(s.tables, s.table(i))
		case opEnd:
			s.of[i] = int32(s.top())
			s.close()
		}
	}
	return s
}

func (s *scopes) top() int { return s.stack[len(s.stack)-1] }

// open adds a scope inside of another one.
func (s *scopes) open(op byte, parent int) {
	at := len(s.list)
	inner := scope{op: op, parent: parent, outermost: at, named: -1, written: s.set(), read: s.set()}
	if parent >= 0 {
		inner.loops = s.list[parent].loops
	}
	if op == opLoop {
		inner.loops++
		s.loops = max(s.loops, inner.loops)
	}
	s.list, s.stack = append(s.list, inner), append(s.stack, at)
}

// close tells the scope around of what happens inside.
func (s *scopes) close() {
	inner := &s.list[s.top()]
	s.stack = s.stack[:len(s.stack)-1]
	if inner.parent < 0 {
		return
	}
	outer := &s.list[inner.parent]
	outer.written.join(inner.written)
	outer.read.join(inner.read)
	outer.outermost = min(outer.outermost, inner.outermost)
}

// branch is the scope that a label names.
func (s *scopes) branch(label uint32) int {
	to := s.stack[len(s.stack)-1-int(label)]
	inner := &s.list[s.top()]
	inner.outermost = min(inner.outermost, to)
	return to
}

// table lists the scopes that a branch table leads to.
func (s *scopes) table(at int) []int32 {
	var list []int32
	for _, label := range s.targets(&s.code[at]) {
		if to := s.branch(label); s.list[to].named != at {
			s.list[to].named = at
			list = append(list, int32(to))
		}
	}
	return list
}
