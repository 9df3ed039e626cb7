package wasm

import (
	"context"
	"errors"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm/internal/wasi"
)

// Extension makes another profile out of wasm/1: programs may import the functions of a further
// module. In everything else the profile is wasm/1. Any number of runs may use an extension at
// the same time.
type Extension interface {
	// Profile returns the name of the profile that has the functions.
	Profile() string
	// Module returns the name of the import module.
	Module() string
	// Functions returns the functions of the module, always in the same order.
	Functions() []Function
	// Check returns an error that wraps executor.ErrBadTask if the profile does not allow a
	// task.
	Check(task executor.Task) error
	// Usable returns why this machine cannot run the profile now, or nil if it can.
	Usable() error
	// Engine names what serves the functions, for people.
	Engine() string
	// Begin prepares a run. It is called for programs that are then not run, too.
	Begin(task executor.Task) Run
	// Close releases what the extension holds. No run is left.
	Close() error
}

// Run serves the calls of one program. One goroutine uses it.
type Run interface {
	// Call serves a call. The result has a meaning if the function returns one. If the error is
	// an *End, the program ends with this reason. Any other error is a failure of the machine.
	Call(call *Call) (uint32, error)
	// Seal returns the traces of the run, one for each key of the task. It receives the traces
	// of wasm/1. An error is a failure of the machine.
	Seal(traces []executor.Trace) ([]executor.Trace, error)
	// Close releases what the run holds. It is called once.
	Close() error
}

// RestingRun is a Run that can give up memory while the program stands still.
type RestingRun interface {
	Run
	// Rest is called between two calls. wanted returns the request that counts now, or nil if the program
	// is to go on. It returns once the program may go on, or with a failure of the machine.
	Rest(ctx context.Context, wanted func() *executor.Rest) error
}

// Function is a function of an extension.
type Function struct {
	// Name is the import name.
	Name string
	// Params contains one letter for each parameter: i for i32, I for i64.
	Params string
	// Returns says whether the function returns an i32.
	Returns bool
}

// End is the error with which a call ends the program.
type End struct {
	Reason executor.Reason
	// Detail says to people what was expected and what was found.
	Detail string
}

func (e *End) Error() string { return e.Detail }

// Call is a call of a function of an extension.
type Call struct {
	// Function is the place of the function in Functions.
	Function int
	// Params are the arguments. Those of type i32 have 32 bits.
	Params []uint64

	memory []byte
	guest  *guest
}

// Charge takes fuel. If there is not enough, it returns an *End.
func (c *Call) Charge(fuel uint64) error {
	if !c.guest.tank.Charge(fuel) {
		return &End{Reason: manifest.ReasonOutOfFuel, Detail: "a call needed more fuel than was left"}
	}
	return nil
}

// Memory returns bytes of the memory that the program exports, or false if it does not have all
// of them. They are valid during the call.
func (c *Call) Memory(ptr, length uint32) ([]byte, bool) {
	end := uint64(ptr) + uint64(length)
	if end > uint64(len(c.memory)) {
		return nil, false
	}
	return c.memory[ptr:end:end], true
}

// File returns a regular file that the program has opened for reading, or the error number of
// WASI that says why there is none.
func (c *Call) File(fd uint32) (File, uint32) {
	file, errno := c.guest.host.File(fd)
	return file, uint32(errno)
}

// Stopped returns the reason for which the run has to be given up, or nil. Long calls ask for it.
func (c *Call) Stopped() error {
	if c.guest.ctx.Err() != nil {
		return context.Cause(c.guest.ctx)
	}
	return nil
}

// Pause lets the program rest if that is asked for, which changes where its tensors are, and then
// returns what Stopped returns, or why the run cannot go on. Long calls ask for it.
func (c *Call) Pause() error { return c.guest.pause() }

// RestWanted reports whether Pause would let the program rest.
func (c *Call) RestWanted() bool { return c.guest.rests.wanted() != nil }

// File is a regular file of the program.
type File interface {
	// Size returns the size in bytes.
	Size() uint64
	// Digest returns the SHA-256 of the content, and whether it is known. It never depends on
	// what the program says.
	Digest() (digest [32]byte, known bool)
	// Read fills p from an offset on; all of p is within the size. An error is a failure of the
	// machine.
	Read(p []byte, offset uint64) error
}

// hostFunction is a function that programs may import.
type hostFunction struct {
	module, name, params string
	returns              bool
	// serve returns the result, and whether the program continues.
	serve func(g *guest, memory []byte, params []uint64) (uint32, bool)
}

// results returns the types of the results, with one letter each.
func (f hostFunction) results() string {
	if f.returns {
		return "i"
	}
	return ""
}

// hostFunctions returns the functions of WASI and of an extension, which may be nil, by module
// and name.
func hostFunctions(x Extension) map[[2]string]hostFunction {
	functions := map[[2]string]hostFunction{}
	add := func(f hostFunction) { functions[[2]string{f.module, f.name}] = f }
	for name, f := range wasi.Functions() {
		add(hostFunction{wasi.Module, name, f.Params, f.Returns, func(g *guest, memory []byte, params []uint64) (uint32, bool) {
			errno, goesOn := g.call(f, memory, params)
			return uint32(errno), goesOn
		}})
	}
	if x == nil {
		return functions
	}
	for i, f := range x.Functions() {
		add(hostFunction{x.Module(), f.Name, f.Params, f.Returns, func(g *guest, memory []byte, params []uint64) (uint32, bool) {
			return g.extended(&Call{Function: i, Params: params, memory: memory, guest: g})
		}})
	}
	return functions
}

// extended serves a call of an extension, and reports whether the program continues.
func (g *guest) extended(call *Call) (uint32, bool) {
	if g.stopped = g.pause(); g.stopped != nil {
		return 0, false
	}
	result, err := g.run.Call(call)
	if err == nil {
		return result, true
	}
	if !errors.As(err, &g.end) {
		g.stopped = err
	}
	g.empty = g.end != nil && g.end.Reason == manifest.ReasonOutOfFuel
	return 0, false
}
