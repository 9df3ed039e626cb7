package meter

import "fmt"

// joins counts where the control flow of a function meets: each block, loop, if and
// else, each branch, and each target of a branch table.
type joins struct {
	count uint64
	// carried is the most values that one of them takes along from the stack.
	carried uint64
	// loops and branches among them, and calls beside them.
	loops, branches, calls uint64
}

// A compiler's time grows with the square of loops and of branches, and its memory
// with calls. The weights make as many of each cost about as much: some seconds and
// hundreds of megabytes for the most that a function may have.
const (
	loopSquares   = 8
	branchSquares = 128
	callValues    = 4
)

// add counts an instruction. immediates are the bytes that follow op, in a body that
// has been validated.
func (j *joins) add(op byte, immediates []byte, types []funcType) {
	r := &reader{b: immediates}
	switch op {
	case opElse:
		j.count++
	case opBr, opBrIf:
		j.count++
		j.branches++
	case opBrTable:
		j.count += uint64(r.u32()) + 1
	case opCall, opCallIndirect:
		j.calls++
	case opLoop:
		j.count++
		j.loops++
		j.carry(r, types)
	case opBlock, opIf:
		j.count++
		j.carry(r, types)
	}
}

// carry reads a block's type: a single byte that stands for at most one value, or the
// number of a function type.
func (j *joins) carry(r *reader, types []funcType) {
	// A body that ends here was not validated, and is refused for its end.
	if len(r.b) == 0 {
		return
	}
	if r.b[0]&0xc0 == 0x40 {
		j.carried = max(j.carried, 1)
		return
	}
	if index := r.u32(); uint64(index) < uint64(len(types)) {
		j.carried = max(j.carried, uint64(types[index].params), uint64(types[index].results))
	}
}

// values is the most that may be carried to all of them in a function of so many
// parameters and locals, with what loops, branches and calls count for.
func (j *joins) values(locals uint64) uint64 {
	return j.count*(1+locals+j.carried) + j.loops*j.loops/loopSquares + j.branches*j.branches/branchSquares + j.calls*callValues
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
