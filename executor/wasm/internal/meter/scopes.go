package meter

// scope is a block of the function, or the function itself.
type scope struct {
	op        byte
	hasElse   bool
	parent    int
	loops     int   // the number of loops around it, including itself
	written   set   // locals that are set inside
	read      set   // locals that are read inside
	outermost int   // the outermost scope to which a branch inside leads
	named     int   // the last branch table that names it
	place     int   // its place in the list of that table
	takes     int64 // the places of the parameters of a loop
	ways      int   // the number of ways on which its end is reached

	// joined contains the locals that have a value of their own where the scope's branches
	// meet, and first is the first of these values.
	joined set
	first  int

	// These sets contain the locals that are live, and those of them that are kept: first at
	// the scope's label, then at the start of its else.
	live, kept           set
	otherLive, otherKept set
}

// scopes contains the scopes of a body. The first one is that of the function.
type scopes struct {
	*body

	list []scope
	// of contains a number for each instruction. If the instruction opens, closes or parts a
	// scope, it is that scope. For a branch it is the scope to which the branch leads, and for
	// a branch table it is the index in tables.
	of []int32
	// tables contains the scopes to which each branch table leads, each of them once.
	tables [][]int32
	// repeats says how often each branch table names each of its scopes.
	repeats [][]int32
	loops   int // the highest number of nested loops

	stack []int // the open scopes
}

func (b *body) set() set { return make(set, (len(b.locals)+63)/64) }

// scopes finds the blocks of a body, and which locals are used inside of them.
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
			s.list[s.top()].takes = int64(x.second)
		case opElse:
			inner.hasElse = true
			s.of[i] = int32(s.top())
		case opBr, opBrIf:
			s.of[i] = int32(s.branch(x.index))
		case opBrTable:
			s.of[i] = int32(len(s.tables))
			list, repeats := s.table(i)
			s.tables, s.repeats = append(s.tables, list), append(s.repeats, repeats)
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

// close adds what happens inside of a scope to the scope around it.
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

// branch returns the scope that a label names.
func (s *scopes) branch(label uint32) int {
	to := s.stack[len(s.stack)-1-int(label)]
	inner := &s.list[s.top()]
	inner.outermost = min(inner.outermost, to)
	return to
}

// table lists the scopes to which a branch table leads, and how often it names each of them.
func (s *scopes) table(at int) (list, repeats []int32) {
	for _, label := range s.targets(&s.code[at]) {
		to := s.branch(label)
		if s.list[to].named != at {
			s.list[to].named, s.list[to].place = at, len(list)
			list, repeats = append(list, int32(to)), append(repeats, 0)
		}
		repeats[s.list[to].place]++
	}
	return list, repeats
}
