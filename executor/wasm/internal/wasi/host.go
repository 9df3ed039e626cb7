package wasi

import (
	"math/rand/v2"
	"slices"
)

// These are the costs of host calls, in fuel. They are part of the profile: a change requires
// a profile wasm/2.
const (
	// FuelPerCall is charged for every call before it does anything.
	FuelPerCall = 10_000
	// FuelPerByte is charged for each byte read, written, drawn or copied, and
	// for each byte by which a file grows.
	FuelPerByte = 1
	// FuelPerEntry is charged for each I/O vector, directory entry,
	// subscription and path element, and for each node of a directory that is renamed.
	FuelPerEntry = 100
	// FuelPerName is charged for each node that moves into /out or out of it.
	FuelPerName = 1000
	// FuelPerFoldedByte is charged for each byte of a name below /out that does not consist
	// only of ASCII characters, when the name is created or moves there. The comparison of
	// such a name needs its decomposition.
	FuelPerFoldedByte = 1000
)

const (
	// StreamBytes is the number of bytes of stdout, and of stderr, that are kept. Writing more
	// succeeds, and the additional bytes are dropped.
	StreamBytes = 1 << 20
	// MaxDescriptors is the highest number of descriptors that may be open at the same time.
	MaxDescriptors = 1024
	// MaxVectors is the highest number of I/O vectors of one call, IOV_MAX of the C library.
	MaxVectors = 1024
	// ProgramName is argv[0].
	ProgramName = "program"
	// WorkDir is the working folder. The files that a program writes below it are delivered.
	WorkDir = "/out"
	// TempDir is writable and is deleted when the program ends.
	TempDir = "/tmp"
)

// Halt says why the program must not continue after a call.
type Halt int

// These are the reasons to halt.
const (
	// HaltNone means that the program continues.
	HaltNone Halt = iota
	// HaltExit means that the program called proc_exit.
	HaltExit
	// HaltFuel means that the fuel does not cover the call.
	HaltFuel
	// HaltOutput means that the outputs exceeded their limit.
	HaltOutput
	// HaltHost means that the host failed (see Host.Err). There is no result.
	HaltHost
)

// Meter pays for host calls.
type Meter interface {
	// Charge takes fuel and reports whether there was enough.
	Charge(fuel uint64) bool
}

// Config describes what one program sees.
type Config struct {
	// Args are the arguments after argv[0].
	Args []string
	// Env contains environment variables, in addition to those of Environment.
	Env []Variable
	// Inputs are the files under /in.
	Inputs []Input
	// Seed is the seed of random_get.
	Seed [32]byte
	// OutputBytes bounds the sum of the file sizes under /out and /tmp.
	OutputBytes uint64
	// OutputFiles bounds the files and directories under /out and /tmp.
	OutputFiles uint32
}

// Variable is an environment variable.
type Variable struct{ Name, Value string }

// Environment returns the variables that every program finds in its environment before those
// of its task. The variables of a task may not have these names.
func Environment() []Variable {
	return []Variable{{"PWD", WorkDir}, {"TMPDIR", TempDir}, {"HOME", TempDir}}
}

// Input is a host file that the program sees at /in/Name.
type Input struct {
	Name string
	Path string
	// Digest is the SHA-256 of the content, or zero if it is not known.
	Digest [32]byte
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
	// The root exists for programs that look at every folder up to it. The descriptor after it
	// is the working folder of a C library. A C library recognises its working folder by this
	// name, and looks up there every path that is not below one of the other names. Therefore
	// /dev needs a descriptor too.
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

// Call runs one function on the guest's memory. The number of values in params is the number
// of letters in f.Params. After Call has returned a Halt, the program must end.
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

// ExitCode returns the number that the program passed to proc_exit.
func (h *Host) ExitCode() uint32 { return h.exitCode }

// Err returns the host's failure after HaltHost.
func (h *Host) Err() error { return h.err }

// Stdout returns the kept part of the standard output.
func (h *Host) Stdout() []byte { return h.stdout.kept }

// Stderr returns the kept part of the standard error.
func (h *Host) Stderr() []byte { return h.stderr.kept }

// Outputs calls visit for every file under /out, in the byte order of paths.
func (h *Host) Outputs(visit func(path string, content Content) error) error {
	return visitOutputs(h.tree.out, "", visit)
}

// OutputBytes returns the sum of the sizes of the files under /out and /tmp.
func (h *Host) OutputBytes() uint64 { return h.tree.used }

// Close releases the host files behind the inputs.
func (h *Host) Close() { h.tree.close() }

// charge takes fuel and reports whether there was enough. If there was not, it halts the
// program.
func (h *Host) charge(fuel uint64) bool {
	if h.meter.Charge(fuel) {
		return true
	}
	h.stop(HaltFuel, nil)
	return false
}

// stop ends the program. If it is called several times, the first reason counts.
func (h *Host) stop(halt Halt, err error) {
	if h.halt == HaltNone {
		h.halt, h.err = halt, err
	}
}

func (h *Host) notSupported(args) Errno { return errNotsup }
