package meter

// values contains the values that a compiler distinguishes in a function: parameters and
// operands. If branches meet and a local may have one of several values there, the local gets
// a further value. A value that only moves between locals and operands stays the same value.
// Zero and constants are not counted, because they can be made again wherever they are needed.
type values struct {
	*scopes

	kinds []byte // types, by value; zero if it does not count
	// operands contains the values of the operands, in the order of the body's lives.
	operands []int32
	// taken contains the values that local.set and local.tee take, by instruction.
	taken []int32

	// moved is the number of places of the values that branches to the starts of loops move
	// through values of their own.
	moved int64

	// carried contains, by value, whether a branch to the start of a loop has moved it, or it
	// is a value at such a start.
	carried []bool

	now     []int32   // the locals' values
	arrived [][]int32 // by scope: the locals' values at its label, nil before any branch
	before  [][]int32 // by scope: the locals' values where an if begins
	left    bool      // the code that follows is not reached from here
}

// values finds the values of a body.
func (s *scopes) values() *values {
	v := &values{scopes: s, kinds: []byte{0}} // value 0 is the value of a local before it is set
	v.kinds = append(v.kinds, s.kind.params...)
	v.carried = make([]bool, len(v.kinds))
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

// operand returns the value of an operand.
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
	v.kinds, v.carried = append(v.kinds, kind), append(v.carried, false)
	return int32(len(v.kinds) - 1)
}

// step processes one instruction.
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
		// The value of any of these locals may come from the loop's end.
		v.join(at, v.list[at].written)
	case opEnd:
		v.end(at)
	case opBr:
		v.turn(at, 1)
		v.arrive(at)
		v.left = true
	case opBrIf:
		v.turn(at, 1)
		v.arrive(at)
	case opBrTable:
		for k, to := range v.tables[at] {
			v.turn(int(to), int64(v.repeats[at][k]))
			v.arrive(int(to))
		}
		v.left = true
	case opReturn, opUnreachable:
		v.left = true
	}
}

// arrive records the locals' values at the label of a scope.
func (v *values) arrive(at int) {
	s := &v.list[at]
	if v.left || s.op == opLoop || at == 0 {
		return
	}
	s.ways++
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

// end processes the end of a scope, where its branches meet.
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

// join gives each of these locals a value of its own.
func (v *values) join(at int, locals set) {
	s := &v.list[at]
	s.joined, s.first = locals, len(v.kinds)
	locals.each(func(local uint32) {
		v.now[local] = v.add(v.locals[local])
		v.carried[v.now[local]] = s.op == opLoop
	})
}

// TurnInts and TurnFloats are the numbers of values that a branch to the start of a loop moves
// without values of their own. Of more values, all but a few need them.
const (
	TurnInts, freeTurnInts     = 10, 9
	TurnFloats, freeTurnFloats = 16, 14
)

// turn counts what branches to the start of a loop move. A value that is not yet the one at the
// start needs a value of its own on the way, and is kept anyway: if it is moved for the first
// time, its own place is enough.
func (v *values) turn(at int, branches int64) {
	s := &v.list[at]
	if s.op != opLoop || v.left {
		return
	}
	v.moved += branches * s.takes
	var all [sorts]int64
	next := int32(s.first)
	s.joined.each(func(local uint32) {
		if s.live.has(local) {
			n := places(v.locals[local : local+1])
			all[sortOf(v.locals[local])] += n
			v.moved += n * v.moves(v.now[local], next, branches)
		}
		next++
	})
	if all[ints] > TurnInts {
		v.moved += branches * (all[ints] - freeTurnInts)
	}
	if all[floats] > TurnFloats {
		v.moved += branches * (all[floats] - freeTurnFloats) //nolint:gosec // an array of both sorts
	}
}

// moves returns how many branches need a value of their own to move a value to the one at the
// start of a loop. Constants are made where they are needed.
func (v *values) moves(from, to int32, branches int64) int64 {
	if from == to || v.kinds[from] == 0 {
		return 0
	}
	if v.carried[from] {
		return branches
	}
	v.carried[from] = true
	return branches - 1
}
