package cpu

import "sync/atomic"

// tally counts what kernels do, for tests that compare it with fuel. A tally that is nil, as outside of
// tests, counts nothing.
type tally struct {
	// vector and single are products by vectors and one by one, counted with those that nothing needs.
	vector, single atomic.Uint64
	// bytes are those that convolutions gather with copies, and calls counts sums.
	bytes, copies, calls atomic.Uint64
}

// vectors counts calls of so many products by vectors each.
func (t *tally) vectors(calls, products int) {
	if t != nil {
		t.vector.Add(uint64(calls * products))
		t.calls.Add(uint64(calls))
	}
}

// plain counts sums of so many products each, one by one.
func (t *tally) plain(sums, products int) {
	if t != nil {
		t.single.Add(uint64(sums * products))
		t.calls.Add(uint64(sums))
	}
}

func (t *tally) moved(bytes, copies int) {
	if t != nil {
		t.bytes.Add(uint64(bytes))
		t.copies.Add(uint64(copies))
	}
}

// Weights of what is counted. A step of a processor is sixteen products by vectors, a product by itself,
// or eight bytes.
const (
	vectorProducts = 16
	movedBytes     = 8
	copySteps      = 2
	callSteps      = 8
)

// steps returns about the number of simple instructions.
func (t *tally) steps() uint64 {
	return t.vector.Load()/vectorProducts + t.single.Load() + t.bytes.Load()/movedBytes + copySteps*t.copies.Load() + callSteps*t.calls.Load()
}
