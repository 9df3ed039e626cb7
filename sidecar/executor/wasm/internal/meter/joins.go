package meter

import "fmt"

// joins counts where the control flow of a function meets: each block, loop, if and
// else, each branch, and each target of a branch table.
type joins struct {
	count uint64
	// carried is the most values that one of them takes along from the stack.
	carried uint64
}

// add counts an instruction. immediates are the bytes that follow op, in a body that
// has been validated.
func (j *joins) add(op byte, immediates []byte, types []funcType) {
	r := &reader{b: immediates}
	switch op {
	case opElse, opBr, opBrIf:
		j.count++
	case opBrTable:
		j.count += uint64(r.u32()) + 1
	case opBlock, opLoop, opIf:
		j.count++
		// Either a single byte that stands for at most one value, or a type.
		if immediates[0]&0xc0 == 0x40 {
			j.carried = max(j.carried, 1)
			return
		}
		if index := r.u32(); uint64(index) < uint64(len(types)) {
			j.carried = max(j.carried, uint64(types[index].params), uint64(types[index].results))
		}
	}
}

// values is the most that may be carried to all of them in a function of so many
// parameters and locals.
func (j *joins) values(locals uint64) uint64 { return j.count * (locals + j.carried) }

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
