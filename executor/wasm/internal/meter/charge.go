package meter

// These constants are the costs of instructions, in fuel. They are part of the profile.
const (
	// FrameFuel is the additional cost of a call of a function that counts the stack.
	FrameFuel = 10
	// bulkTurn is the cost of a bulk instruction, and of each of its turns.
	bulkTurn = 6
	// These are the amounts that a bulk instruction handles per turn, as powers of two: bytes
	// of memory, and elements of a table.
	memoryTurnShift = 6
	tableTurnShift  = 2
)

// charge is an amount of fuel that is taken at one place of a function.
type charge struct {
	cost  int64
	check bool // whether to check that enough fuel was left
}

// charges says which charge is taken before which instruction. For each instruction, at
// contains the index of the charge before it, plus one, or zero if there is none.
type charges struct {
	list []charge
	at   []uint32
}

func (c *charges) open(at int, check bool) int {
	c.list = append(c.list, charge{check: check})
	c.at[at] = uint32(len(c.list))
	return len(c.list) - 1
}

// before returns the charge before an instruction.
func (c *charges) before(at int) charge {
	if c.at[at] == 0 {
		return charge{}
	}
	return c.list[c.at[at]-1]
}

// cost returns the cost of an instruction.
func cost(op byte) int64 {
	switch op {
	case opNop, opDrop, opBlock, opLoop, opUnreachable, opReturn, opElse, opEnd:
		return 0
	default:
		return 1
	}
}

// region describes an open block for the computation of charges.
type region struct {
	op      byte
	outer   int // the charge that is open around the block
	reaches int // the outermost region to which a branch inside of the block leads
}

// charges divides the body into regions that run as a whole, and adds up the costs of the
// instructions of each region. A region is charged where it starts: at the entry of the
// function, in a loop, in both arms of an if, after br_if, and after the end of a block that a
// branch leaves early. The code after any other end belongs to the region before the block.
func (b *body) charges() charges {
	c := charges{at: make([]uint32, len(b.code)+1)}
	current := c.open(0, b.calls || b.loops)
	var regions []region
	open := func(op byte) {
		regions = append(regions, region{op: op, outer: current, reaches: len(regions)})
	}
	leave := func(label uint32) {
		last := len(regions) - 1
		regions[last].reaches = min(regions[last].reaches, last-int(label))
	}
	open(opBlock)
	for i := range b.code {
		x := &b.code[i]
		c.list[current].cost += cost(x.op)
		switch x.op {
		case opBlock:
			open(x.op)
		case opLoop, opIf:
			open(x.op)
			current = c.open(i+1, x.op == opLoop)
		case opElse:
			current = c.open(i+1, false)
		case opEnd:
			r := regions[len(regions)-1]
			if regions = regions[:len(regions)-1]; len(regions) == 0 {
				break
			}
			outer := &regions[len(regions)-1]
			outer.reaches = min(outer.reaches, r.reaches)
			// A branch leaves the block before its end.
			if current = r.outer; r.reaches < len(regions) {
				current = c.open(i+1, false)
			}
		case opBr:
			leave(x.index)
		case opBrIf:
			leave(x.index)
			current = c.open(i+1, false)
		case opBrTable:
			for _, label := range b.targets(x) {
				leave(label)
			}
		case opReturn:
			leave(uint32(len(regions) - 1))
		}
	}
	return c
}

// targets returns the labels of a branch table.
func (b *body) targets(x *instruction) []uint32 {
	r := &reader{b: b.raw[x.at+1 : x.end]}
	labels := make([]uint32, r.u32()+1)
	for i := range labels {
		labels[i] = r.u32()
	}
	return labels
}
