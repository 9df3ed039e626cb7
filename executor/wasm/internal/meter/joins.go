package meter

import "fmt"

// joins counts where the control flow of a function meets: each block, loop, if and
// else, each branch, and each target of a branch table.
type joins struct {
	count uint64
	// carried is the most values that one of them takes along from the stack.
	carried uint64
	// blocks (with loops and ifs), loops and branches among them, and calls beside
	// them.
	blocks, loops, branches, calls uint64
}

// A compiler's time grows with the square of blocks, loops and branches, and its
// memory with calls. The weights make as many of each cost about as much: some
// seconds and hundreds of megabytes for the most that a function may have.
const (
	blockSquares  = 128
	loopSquares   = 4
	branchSquares = 64
	callValues    = 8
)

// add counts an instruction; the targets of a branch table but its last, and what
// blocks take along, are counted where they are read.
func (j *joins) add(op byte) {
	switch op {
	case opElse, opBrTable:
		j.count++
	case opBr, opBrIf:
		j.count++
		j.branches++
	case opCall, opCallIndirect:
		j.calls++
	case opLoop:
		j.count++
		j.loops++
		j.blocks++
	case opBlock, opIf:
		j.count++
		j.blocks++
	}
}

// carry notes what a block takes along: one value if it has none.
func (j *joins) carry(kind funcType) {
	j.carried = max(j.carried, 1, uint64(len(kind.params)), uint64(len(kind.results)))
}

// values is the most that may be carried to all of them in a function of so many
// parameters and locals, with what blocks, loops, branches and calls count for.
func (j *joins) values(locals uint64) uint64 {
	return j.count*(1+locals+j.carried) + j.blocks*j.blocks/blockSquares + j.loops*j.loops/loopSquares +
		j.branches*j.branches/branchSquares + j.calls*callValues
}

// carry refuses a function, or a module, that no compiler copes with.
func (w *rewriter) carry(values uint64) error {
	if values > MaxFunctionJoins {
		return fmt.Errorf("%w: blocks and branches times parameters and locals are %d, at most %d are allowed; split the function", ErrUnsupported, values, MaxFunctionJoins)
	}
	if w.values += values; w.values > MaxModuleJoins {
		return fmt.Errorf("%w: blocks and branches times parameters and locals of all functions are over %d", ErrUnsupported, MaxModuleJoins)
	}
	return nil
}
