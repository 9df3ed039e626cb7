package wasm

import (
	"context"
	"sync/atomic"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/wasm/internal/meter"
	"github.com/thetaedge/theta/executor/wasm/internal/wasi"
)

// engine compiles and runs metered modules. The choice of the engine affects how fast a
// program runs, and nothing else.
type engine interface {
	// name returns the name of the engine with its version.
	name() string
	// usable returns why this machine cannot use the engine, or nil if it can.
	usable() error
	// compile prepares a metered module for running.
	compile(metered meter.Metered) (code, error)
}

// code is a compiled program. Any number of runs may use it at the same time.
type code interface {
	// run calls the functions that start the program, one after the other.
	run(ctx context.Context, g *guest, entries []string) ending
	// bytes returns approximately how much memory the code holds.
	bytes() int64
	// close releases the code after its last run is over.
	close()
}

// trap is the reason why an instruction of a program ended it.
type trap string

// These are the traps of the specification. Each engine's own traps are translated into them.
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
	// err is a failure of the machine. It has no meaning if the guest has been halted.
	err error

	// These are the values that the metered module left in its globals.
	overflow, outOfMemory bool
	wanted                uint32
	// memory is the size of the memory, in bytes.
	memory uint64
	// traces are the traces of the run, one for each key.
	traces []executor.Trace
}

// guest is one running program.
type guest struct {
	ctx         context.Context
	host        *wasi.Host
	tank        tank
	fuel        uint64           // the fuel of the task
	keys        []executor.Trace // the keys of its traces
	memoryBytes uint64           // what the task allows
	maxPages    uint32           // what the program allows
	run         Run              // serves the extension, nil if there is none
	rests       *rests           // requests to rest, nil if the extension cannot

	halt    wasi.Halt // why a host call ended the program
	end     *End      // why the extension ended the program
	empty   bool      // no fuel is left
	stopped error     // why the run was given up, or a failure of the machine
}

// call serves a host call and reports whether the program continues.
func (g *guest) call(f wasi.Function, memory []byte, params []uint64) (wasi.Errno, bool) {
	// Each call fills the tank, so that a program that calls often does not ask for fuel.
	if g.stopped = g.pause(); g.stopped != nil {
		return 0, false
	}
	errno, halt := g.host.Call(f, memory, &g.tank, params)
	g.halt = halt
	return errno, halt == wasi.HaltNone
}

// refill gives the program its next slice of fuel and reports whether it continues. A run is
// given up here, and the garbage collector gets a chance to run here.
func (g *guest) refill() bool {
	if g.stopped = g.pause(); g.stopped != nil {
		return false
	}
	g.empty = !g.tank.refill()
	return !g.empty
}

// sliceFuel is the amount of fuel that a program can use before it has to ask for more. It
// lasts for a fraction of a millisecond and does not affect a result.
const sliceFuel = 1_000_000

// tank is the fuel of a program. A slice of it is in a global of the module, from which the
// instructions take it; the rest is the reserve.
type tank struct {
	reserve int64
	get     func() int64
	set     func(int64)
	// used shows other goroutines how much of all fuel was used when the last slice was given.
	all  int64
	used *atomic.Uint64
}

// left returns the total fuel that is left. It is below zero if more was used than there was.
func (t *tank) left() int64 { return t.reserve + t.get() }

func (t *tank) fill(fuel int64) {
	slice := min(fuel, sliceFuel)
	t.reserve = fuel - slice
	t.set(slice)
	if t.used != nil {
		t.used.Store(uint64(t.all - fuel))
	}
}

func (t *tank) refill() bool {
	left := t.left()
	if left < 0 {
		return false
	}
	t.fill(left)
	return true
}

// freeze keeps the remaining fuel when the module is released.
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
