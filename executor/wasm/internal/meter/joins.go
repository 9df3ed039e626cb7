package meter

import "fmt"

// joins counts the places where the control flow of a function meets: each block, loop, if and
// else, each branch, and each target of a branch table.
type joins struct {
	count uint64
	// carried is the highest number of values that one of them carries from the stack.
	carried uint64
	// blocks is the number of blocks, loops and ifs. loops is the number of loops, which
	// blocks includes. branches is the number of branches, and calls the number of calls.
	blocks, loops, branches, calls uint64
	// around is the number of blocks around the loops that are nested deeper than ExactLoops.
	// The liveness of locals looks at each of them again.
	around uint64
}

// A compiler's time grows with the square of blocks, loops and branches, and its memory grows
// with calls. With these weights, the highest allowed number of each costs approximately the
// same: some seconds and hundreds of megabytes per function.
const (
	blockSquares  = 128
	loopSquares   = 4
	branchSquares = 64
	callValues    = 8
	// freeGlobals is the number of mutable globals that cost a call nothing: compilers keep
	// globals in their frames, and load those that a function may have changed again after
	// each call.
	freeGlobals = 16
	// localsPerWord is the number of locals of which a word of a set says whether they live.
	localsPerWord = 64
)

// add counts an instruction. All targets of a branch table except for the last, and the values
// that blocks carry, are counted where they are read.
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

// carry notes how many values a block carries. A block without values counts as one.
func (j *joins) carry(kind funcType) {
	j.carried = max(j.carried, 1, uint64(len(kind.params)), uint64(len(kind.results)))
}

// values returns the highest number of values that may be carried to all joins in a function
// with this number of parameters and locals, plus the weights of blocks, loops, branches and
// calls. mutable is the number of mutable globals of the module.
func (j *joins) values(locals, mutable uint64) uint64 {
	return j.count*(1+locals+j.carried) + j.blocks*j.blocks/blockSquares + j.loops*j.loops/loopSquares +
		j.branches*j.branches/branchSquares + j.calls*(callValues+mutable-min(mutable, freeGlobals)) +
		j.around*(1+locals/localsPerWord)
}

// carry refuses a function, or a module, that is too expensive for compilers. In the sum of the
// module, each parameter and local of a function counts once.
func (w *rewriter) carry(values, locals uint64) error {
	if values > MaxFunctionJoins {
		return fmt.Errorf("%w: blocks, branches and calls times parameters, locals and globals are %d, at most %d are allowed; split the function", ErrUnsupported, values, MaxFunctionJoins)
	}
	if w.values += values + locals; w.values > MaxModuleJoins {
		return fmt.Errorf("%w: blocks, branches and calls times parameters, locals and globals of all functions are over %d; use a smaller program", ErrUnsupported, MaxModuleJoins)
	}
	return nil
}
