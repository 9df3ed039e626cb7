package meter

// values are those that a compiler tells apart in a function: parameters, operands, and
// for each local that may have one of several values where branches meet, a further one.
// What only moves between locals and operands stays the same value; zero and constants
// are none, because they can be made again wherever they are needed.
type values struct {
	*scopes

	kinds []byte // types, by value; zero for what is none
	// operands are the values of the operands, in the order of the body's lives.
	operands []int32
	// taken are the values that local.set and local.tee take, by instruction.
	taken []int32

	now     []int32   // the locals' values
	arrived [][]int32 // by scope: the locals' values at its label, nil before any branch
	before  [][]int32 // by scope: the locals' values where an if begins
	left    bool      // what follows is not reached from here
}

// values finds the values of a body.
func (s *scopes) values() *values {
	v := &values{scopes: s, kinds: []byte{0}} // value 0 is that of a local before it is set
	v.kinds = append(v.kinds, s.kind.params...)
	v.now = make([]int32, len(s.locals))
	for i := range s.kind.params {
		v.now[i] = int32(i + 1)
	}
	v.arrived, v.before = make([][]int32, len(s.list)), make([][]int32, len(s.list))
	v.operands, v.taken = make([]int32, len(s.lives)), make([]int32, len(s.code))
	next := 0 // the first operand that is not taken yet
	for i := range s.code {
		for ; next < len(s.lives) && s.lives[next].to <= i; next++ {
			v.operands[next] = v.operand(&s.lives[next])
			v.taken[i] = v.operands[next]
		}
		v.step(i)
	}
	return v
}

// operand is the value of an operand.
func (v *values) operand(l *life) int32 {
	switch op := v.code[l.from].op; {
	case op == opLocalGet, op == opLocalTee:
		return v.taken[l.from]
	case op >= opI32Const && op <= opF64Const, op == opRefNull:
		return v.add(0)
	default:
		return v.add(l.kind)
	}
}

func (v *values) add(kind byte) int32 {
	v.kinds = append(v.kinds, kind)
	return int32(len(v.kinds) - 1)
}

// step goes over one instruction.
func (v *values) step(i int) {
	x, at := &v.code[i], int(v.of[i])
	switch x.op {
	case opLocalGet:
		v.taken[i] = v.now[x.index]
	case opLocalSet, opLocalTee:
		v.now[x.index] = v.taken[i]
	case opIf:
		v.before[at] = append([]int32(nil), v.now...)
	case opElse:
		v.arrive(at)
		copy(v.now, v.before[at])
		v.left = false
	case opLoop:
		// Any of them may come from the loop's end.
		v.join(at, v.list[at].written)
	case opEnd:
		v.end(at)
	case opBr:
		v.arrive(at)
		v.left = true
	case opBrIf:
		v.arrive(at)
	case opBrTable:
		for _, to := range v.tables[at] {
			v.arrive(int(to))
		}
		v.left = true
	case opReturn, opUnreachable:
		v.left = true
	}
}

// arrive brings the locals' values to the label of a scope.
func (v *values) arrive(at int) {
	s := &v.list[at]
	if v.left || s.op == opLoop || at == 0 {
		return
	}
	if v.arrived[at] == nil {
		v.arrived[at] = append([]int32(nil), v.now...)
		return
	}
	for i, value := range v.arrived[at] {
		if value != v.now[i] {
			if s.joined == nil {
				s.joined = v.set()
			}
			s.joined.add(uint32(i))
		}
	}
}

// end is where the branches of a scope meet.
func (v *values) end(at int) {
	s := &v.list[at]
	if s.op == opLoop || at == 0 {
		return
	}
	v.arrive(at)
	if s.op == opIf && !s.hasElse {
		copy(v.now, v.before[at])
		v.left = false
		v.arrive(at)
	}
	if v.arrived[at] != nil {
		copy(v.now, v.arrived[at])
		v.left = false
	}
	v.arrived[at], v.before[at] = nil, nil
	if s.joined != nil {
		v.join(at, s.joined)
	}
}

// join gives locals a value of their own.
func (v *values) join(at int, locals set) {
	s := &v.list[at]
	s.joined, s.first = locals, len(v.kinds)
	locals.each(func(local uint32) { v.now[local] = v.add(v.locals[local]) })
}
