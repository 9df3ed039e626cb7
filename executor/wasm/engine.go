package wasm

import (
	"context"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/wasm/internal/meter"
	"github.com/thetaedge/theta/executor/wasm/internal/wasi"
)

// engine compiles and runs metered modules. Which one it is decides how fast a
// program runs, and nothing else.
type engine interface {
	// name is the engine with its version.
	name() string
	// usable says why this machine cannot run it, nil if it can.
	usable() error
	// compile makes a metered module ready to run.
	compile(metered meter.Metered) (code, error)
}

// code is a compiled program, for any number of runs at a time.
type code interface {
	// run calls the functions that start the program, one after the other.
	run(ctx context.Context, g *guest, entries []string) ending
	// bytes is about what it holds.
	bytes() int64
	// close gives it back once its last run is over.
	close()
}

// trap is why a program was ended by an instruction of its own.
type trap string

// The traps of the specification, as every engine is taken to name them.
const (
	trapUnreachable trap = "an unreachable instruction was reached"
	trapMemory      trap = "a memory access lies outside of the memory"
	trapTable       trap = "a table access lies outside of the table, or calls an empty element"
	trapSignature   trap = "a function of another type was called through a table"
	trapDivision    trap = "an integer was divided by zero"
	trapOverflow    trap = "an integer operation or conversion overflowed"
	trapConversion  trap = "what is not a number was converted to an integer"
)

// ending is how a run ended.
type ending struct {
	// trap is set if an instruction ended the program.
	trap trap
	// err is trouble of the machine. It says nothing if the guest has been halted.
	err error

	// What the metered module left in its globals.
	overflow, outOfMemory bool
	wanted                uint32
	// memory is the size of the memory, in bytes.
	memory uint64
	// traces of the run, one for each key.
	traces []executor.Trace
}

// guest is one running program.
type guest struct {
	ctx         context.Context
	host        *wasi.Host
	tank        tank
	fuel        uint64           // that the task has
	keys        []executor.Trace // of its traces
	memoryBytes uint64           // that the task allows
	maxPages    uint32           // that the program allows

	halt    wasi.Halt // why a host call ended the program
	empty   bool      // no fuel is left
	stopped error     // why the run was given up
}

// call serves a host call and says whether the program goes on.
func (g *guest) call(f wasi.Function, memory []byte, params []uint64) (wasi.Errno, bool) {
	errno, halt := g.host.Call(f, memory, &g.tank, params)
	g.halt = halt
	return errno, halt == wasi.HaltNone
}

// refill gives the program its next slice of fuel and says whether it goes on. It
// is where a run is given up, and where the garbage collector gets its turn.
func (g *guest) refill() bool {
	if g.ctx.Err() != nil {
		g.stopped = context.Cause(g.ctx)
		return false
	}
	g.empty = !g.tank.refill()
	return !g.empty
}

// sliceFuel is how much fuel a program has at hand before it has to ask for more:
// fractions of a millisecond of work. It changes no result.
const sliceFuel = 1_000_000

// tank is the fuel of a program. A slice of it lies in a global of the module, where
// its instructions take from it; the rest is the reserve.
type tank struct {
	reserve int64
	get     func() int64
	set     func(int64)
}

// left is what is left of all of it, below zero if more was used.
func (t *tank) left() int64 { return t.reserve + t.get() }

func (t *tank) fill(fuel int64) {
	slice := min(fuel, sliceFuel)
	t.reserve = fuel - slice
	t.set(slice)
}

func (t *tank) refill() bool {
	left := t.left()
	if left < 0 {
		return false
	}
	t.fill(left)
	return true
}

// freeze keeps what is left when the module goes.
func (t *tank) freeze() {
	left := t.left()
	t.reserve, t.get = left, func() int64 { return 0 }
}

// Charge implements wasi.Meter.
func (t *tank) Charge(fuel uint64) bool {
	left := t.left()
	if left < 0 || uint64(left) < fuel {
		return false
	}
	t.fill(left - int64(fuel))
	return true
}
