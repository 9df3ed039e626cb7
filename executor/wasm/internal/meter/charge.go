package meter

// What instructions cost, in fuel. Part of the profile.
const (
	// FrameFuel is what a call of a function that counts the stack costs beside its
	// instructions.
	FrameFuel = 10
	// bulkTurn is what a bulk instruction costs, and each turn of it.
	bulkTurn = 6
	// How much a bulk instruction does in a turn, as powers of two: bytes of memory,
	// elements of a table.
	memoryTurnShift = 6
	tableTurnShift  = 2
)

// charge is fuel that is taken at one place of a function.
type charge struct {
	cost  int64
	check bool // whether enough was left
}

// charges says what is taken before which instruction: at holds for each instruction
// one more than the index of the charge before it, zero if there is none.
type charges struct {
	list []charge
	at   []uint32
}

func (c *charges) open(at int, check bool) int {
	c.list = append(c.list, charge{check: check})
	c.at[at] = uint32(len(c.list))
	return len(c.list) - 1
}

// before gives the charge before an instruction.
func (c *charges) before(at int) charge {
	if c.at[at] == 0 {
		return charge{}
	}
	return c.list[c.at[at]-1]
}

// cost is what an instruction costs.
func cost(op byte) int64 {
	switch op {
	case opNop, opDrop, opBlock, opLoop, opUnreachable, opReturn, opElse, opEnd:
		return 0
	default:
		return 1
	}
}

// region is an open block as the charges see it.
type region struct {
	op      byte
	outer   int // the charge that is open around it
	reaches int // the outermost region that a branch inside of it leads to
}

// charges cuts the body into regions that are run as a whole, and sums up what the
// instructions of each cost. A region is charged where it starts: at the entry of
// the function, in a loop, in both arms of an if, after br_if, and after the end of
// a block that a branch leaves early. The code after any other end belongs to the
// region before the block.
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
			// A branch leaves it before its end.
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

// targets gives the labels of a branch table.
func (b *body) targets(x *instruction) []uint32 {
	r := &reader{b: b.raw[x.at+1 : x.end]}
	labels := make([]uint32, r.u32()+1)
	for i := range labels {
		labels[i] = r.u32()
	}
	return labels
}
