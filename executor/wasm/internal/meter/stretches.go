package meter

// stretch is a part of a function that can be entered at its start only, and in which nothing
// is called except at its start. Within it, an engine may remember where the memory is, what
// globals contain, and which addresses it has computed.
type stretch struct {
	globals   [sorts]int64 // places of the globals that it uses
	addresses int64        // values from which an address is computed more than once
	charges   int64        // amounts of fuel that are remembered for the next charge
	crowded   [sorts]bool  // whether there are more values than registers anywhere in it
}

// remembered returns the number of values that are remembered in the stretch and that need a
// register.
func (s *stretch) remembered(sort int) int {
	n := max(0, int(s.globals[sort])-FreeGlobals)
	if sort == ints {
		n += int(s.addresses)
	}
	return n
}

// places returns the number of places that the remembered values take if they do not fit the
// registers.
func (s *stretch) places() int64 {
	n := int64(0)
	if s.crowded[ints] {
		const memory = 2 // where the memory is, and its size
		n += memory + s.addresses + max(0, s.charges) + s.globals[ints]
	}
	if s.crowded[floats] {
		n += s.globals[floats]
	}
	return n
}

// stretches divides a body into stretches.
type stretches struct {
	*values

	parts   []stretch
	of      []int32 // the stretch of each instruction
	now     int32
	arrived []int32 // by scope: the stretch from which its end was reached last
	before  []int32 // by scope: the stretch in which an if begins
	left    bool    // the code that follows is not reached from here
	// These contain, by global and by value, the last stretch that used it. Stretches count
	// from one here.
	used  map[uint32]int32
	bases []base
}

// base says where an address was last computed from a value, and whether it was twice.
type base struct {
	in    int32
	twice bool
}

func (v *values) stretches() *stretches {
	s := &stretches{
		values: v, of: make([]int32, len(v.code)), used: map[uint32]int32{}, bases: make([]base, len(v.kinds)),
		arrived: make([]int32, len(v.list)), before: make([]int32, len(v.list)),
	}
	s.begin(0)
	charges, next := v.charges(), 0
	for i := range v.code {
		s.of[i] = s.now
		if i > 0 && charges.at[i] != 0 {
			s.parts[s.now].charges++
		}
		for next < len(v.lives) && v.lives[next].to <= i {
			next++
		}
		if next > 0 && v.lives[next-1].to == i && accesses(&v.code[i]) {
			s.access(v.operands[next-1])
		}
		s.step(i)
	}
	return s
}

// at returns the stretch of an instruction.
func (s *stretches) at(i int) *stretch { return &s.parts[s.of[i]] }

// places returns the number of places that all remembered values take.
func (s *stretches) places() int64 {
	n := int64(0)
	for i := range s.parts {
		n += s.parts[i].places()
	}
	return n
}

// begin starts a stretch. If it does not start with a call, which makes an engine load the fuel
// again, its first charge does not find a remembered amount.
func (s *stretches) begin(charges int64) {
	s.now = int32(len(s.parts))
	s.parts = append(s.parts, stretch{charges: charges})
}

func (s *stretches) arrive(at int) {
	if !s.left {
		s.arrived[at] = s.now
	}
}

func (s *stretches) step(i int) {
	x, at := &s.code[i], int(s.scopes.of[i])
	switch x.op {
	case opLoop:
		s.begin(-1)
	case opIf:
		s.before[at] = s.now
	case opElse:
		s.arrive(at)
		s.now, s.left = s.before[at], false
	case opEnd:
		s.end(at)
	case opBr:
		s.arrive(at)
		s.left = true
	case opBrIf:
		s.arrive(at)
	case opBrTable:
		for _, to := range s.tables[at] {
			s.arrive(int(to))
		}
		s.left = true
	case opReturn, opUnreachable:
		s.left = true
	case opGlobalGet, opGlobalSet:
		if s.used[x.index] != s.now+1 {
			s.used[x.index] = s.now + 1
			kind := s.module.globals[x.index].kind
			s.parts[s.now].globals[sortOf(kind)] += places(string([]byte{kind}))
		}
	default:
		if callsOut(x) {
			s.begin(0)
		}
	}
}

// end processes the end of a scope. If it can be reached in one way only, the stretch goes on.
func (s *stretches) end(at int) {
	scope := &s.list[at]
	if scope.op == opLoop || at == 0 {
		return
	}
	s.arrive(at)
	if scope.op == opIf && !scope.hasElse {
		if s.left = false; scope.ways == 1 {
			s.arrived[at] = s.before[at]
		}
	}
	if scope.ways > 0 {
		s.left = false
	}
	if scope.ways == 1 {
		s.now = s.arrived[at]
	} else {
		s.begin(-1)
	}
}

// access processes an access to memory at an address that is computed from a value.
func (s *stretches) access(value int32) {
	b := &s.bases[value]
	switch {
	case b.in != s.now+1:
		*b = base{in: s.now + 1}
	case !b.twice:
		b.twice = true
		s.parts[s.now].addresses++
	}
}

// accesses reports whether an instruction loads or stores.
func accesses(x *instruction) bool {
	switch {
	case x.op >= opI32Load && x.op <= opI64Store32:
		return true
	case x.op == opSIMD:
		return x.sub <= simdStore || x.sub >= simdLoadLane && x.sub <= simdLoadZero+1
	default:
		return false
	}
}
