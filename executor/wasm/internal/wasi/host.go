package wasi

import (
	"math/rand/v2"
	"slices"
)

// What host calls cost, in fuel. Part of the profile: a change is wasm/2.
const (
	// FuelPerCall is charged for every call before it does anything.
	FuelPerCall = 10_000
	// FuelPerByte is charged for each byte read, written, drawn or copied, and
	// for each byte by which a file grows.
	FuelPerByte = 1
	// FuelPerEntry is charged for each I/O vector, directory entry,
	// subscription and path element, and for each node of a directory that is renamed.
	FuelPerEntry = 100
	// FuelPerName is charged for each node that is moved into /out or out of it.
	FuelPerName = 1000
	// FuelPerFoldedByte is charged for each byte of a name below /out that is not ASCII
	// alone, when it is made or comes there: comparing it takes its decomposition.
	FuelPerFoldedByte = 1000
)

const (
	// StreamBytes is how much of stdout, and of stderr, is kept. Writing more
	// succeeds and is dropped.
	StreamBytes = 1 << 20
	// MaxDescriptors is the most descriptors that may be open at once.
	MaxDescriptors = 1024
	// MaxVectors is the most I/O vectors of one call, IOV_MAX of the C library.
	MaxVectors = 1024
	// ProgramName is argv[0].
	ProgramName = "program"
	// WorkDir is the working folder: what a program writes below it is delivered.
	WorkDir = "/out"
	// TempDir is writable and forgotten with the program.
	TempDir = "/tmp"
)

// Halt says why the program must not continue after a call.
type Halt int

// The reasons to halt.
const (
	// HaltNone: go on.
	HaltNone Halt = iota
	// HaltExit: the program called proc_exit.
	HaltExit
	// HaltFuel: the fuel does not cover the call.
	HaltFuel
	// HaltOutput: the outputs passed their limit.
	HaltOutput
	// HaltHost: the host failed, see Host.Err; there is no result.
	HaltHost
)

// Meter pays for host calls.
type Meter interface {
	// Charge takes fuel and reports false if there was not enough.
	Charge(fuel uint64) bool
}

// Config is what one program sees.
type Config struct {
	// Args are the arguments after argv[0].
	Args []string
	// Env are variables of the environment beside those of Environment.
	Env []Variable
	// Inputs are the files under /in.
	Inputs []Input
	// Seed feeds random_get.
	Seed [32]byte
	// OutputBytes bounds the sum of the file sizes under /out and /tmp.
	OutputBytes uint64
	// OutputFiles bounds the files and directories under /out and /tmp.
	OutputFiles uint32
}

// Variable is one of the environment.
type Variable struct{ Name, Value string }

// Environment is what every program finds in its environment before the variables of
// its task, which may not have these names.
func Environment() []Variable {
	return []Variable{{"PWD", WorkDir}, {"TMPDIR", TempDir}, {"HOME", TempDir}}
}

// Input is a host file shown to the program at /in/Name.
type Input struct {
	Name string
	Path string
}

// Host is the state of one program's operating system. One goroutine uses it.
type Host struct {
	args   []string
	env    []string
	tree   *tree
	fds    []*descriptor
	now    uint64
	random *rand.ChaCha8

	stdout, stderr stream

	mem      memory
	meter    Meter
	halt     Halt
	exitCode uint32
	err      error
}

// New prepares the file system. It fails if an input is not a readable regular
// file, or if two inputs clash.
func New(cfg Config) (*Host, error) {
	t, err := newTree(cfg.Inputs, cfg.OutputBytes, cfg.OutputFiles)
	if err != nil {
		return nil, err
	}
	h := &Host{
		args:   append([]string{ProgramName}, cfg.Args...),
		tree:   t,
		random: rand.NewChaCha8(cfg.Seed),
	}
	for _, v := range slices.Concat(Environment(), cfg.Env) {
		h.env = append(h.env, v.Name+"="+v.Value)
	}
	// The root serves programs that look at every folder up to it. The one after it is the
	// working folder of a C library, which knows none but that of this name: it finds
	// every path there that is below no other of these names, so /dev is one.
	h.fds = []*descriptor{
		{stream: &stream{}, readable: true},
		{stream: &h.stdout, writable: true},
		{stream: &h.stderr, writable: true},
		{node: t.in, preopen: "/in"},
		{node: t.out, preopen: "/out"},
		{node: t.tmp, preopen: "/tmp"},
		{node: t.root, preopen: "/"},
		{node: t.out, preopen: "."},
		{node: t.dev, preopen: "/dev"},
	}
	return h, nil
}

// Call runs one function on the guest's memory. params holds as many values as
// f.Params has letters. Once it has returned a Halt, the program must end.
func (h *Host) Call(f Function, mem []byte, meter Meter, params []uint64) (Errno, Halt) {
	if h.halt != HaltNone {
		return errInval, h.halt
	}
	h.mem, h.meter = mem, meter
	defer func() { h.mem, h.meter = nil, nil }()
	if !h.charge(FuelPerCall) {
		return errInval, h.halt
	}
	errno := f.call(h, params)
	return errno, h.halt
}

// ExitCode is what the program passed to proc_exit.
func (h *Host) ExitCode() uint32 { return h.exitCode }

// Err is the host's failure after HaltHost.
func (h *Host) Err() error { return h.err }

// Stdout returns the kept part of the standard output.
func (h *Host) Stdout() []byte { return h.stdout.kept }

// Stderr returns the kept part of the standard error.
func (h *Host) Stderr() []byte { return h.stderr.kept }

// Outputs calls visit for every file under /out, in the byte order of paths.
func (h *Host) Outputs(visit func(path string, content Content) error) error {
	return visitOutputs(h.tree.out, "", visit)
}

// OutputBytes is the sum of the sizes of the files under /out and /tmp.
func (h *Host) OutputBytes() uint64 { return h.tree.used }

// Close releases the host files behind the inputs.
func (h *Host) Close() { h.tree.close() }

// charge takes fuel, or halts and reports false.
func (h *Host) charge(fuel uint64) bool {
	if h.meter.Charge(fuel) {
		return true
	}
	h.stop(HaltFuel, nil)
	return false
}

// stop ends the program; the first reason stands.
func (h *Host) stop(halt Halt, err error) {
	if h.halt == HaltNone {
		h.halt, h.err = halt, err
	}
}

func (h *Host) notSupported(args) Errno { return errNotsup }
