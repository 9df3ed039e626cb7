package executor

import (
	"fmt"
	"strings"
	"time"

	"github.com/thetaedge/theta/executor/manifest"
)

// Task is one execution, with everything that determines its result and the host paths that it
// uses.
type Task struct {
	// ID names the execution on this machine. It is unique among live tasks, and the program
	// does not see it.
	ID string

	// ProgramPath is the host file that contains the program.
	ProgramPath string
	// Args are the program's arguments after its own name.
	Args []string
	// Env contains environment variables, in addition to those that the profile sets.
	Env []Variable
	// Inputs are the files that the program can read. It cannot read any other file.
	Inputs []Input
	// Seed determines every random number that the program asks for.
	Seed [32]byte
	// TraceKeys are the keys under which the run is traced, at most MaxTraceKeys. They do not
	// affect the result.
	TraceKeys []Trace

	// Fuel bounds the work, in the fuel of the profile.
	Fuel uint64
	// MemoryBytes bounds the program's memory.
	MemoryBytes uint64
	// DeviceBytes bounds the tensors of the program, which lie in the memory of a device. They
	// do not count towards MemoryBytes. It is zero under a profile without tensors.
	DeviceBytes uint64
	// OutputBytes bounds the sum of the sizes of the output files. It does not include the
	// captured streams stdout and stderr, which the profile bounds.
	OutputBytes uint64
	// OutputFiles bounds the number of output files and directories.
	OutputFiles uint32

	// OutputDir is the host directory that contains the outputs, at their manifest paths,
	// after Wait has returned a result. Before, it must be empty or must not exist.
	OutputDir string
	// Unsynced reports whether the caller writes the outputs to the disk itself before it
	// relies on them. Otherwise they are there when Wait returns a result.
	Unsynced bool
	// WallLimit protects against a stuck machine. Reaching it is a failure of the executor,
	// never a result. Zero means no limit.
	WallLimit time.Duration
}

// MaxTraceKeys is the highest number of traces of one run.
const MaxTraceKeys = 2

// Trace is a trace of a run, or its key. A node that has not executed the program under the
// key cannot know the trace.
type Trace = [32]byte

// Variable is an environment variable of a program.
type Variable struct {
	// Name consists of letters, digits and underscores, and does not begin with a digit.
	Name string
	// Value does not contain a zero byte.
	Value string
}

// Input is one file that a program may read.
type Input struct {
	// Name is the path under the profile's input directory, slash-separated.
	Name string
	// Path is the host file. It must not change while the task runs.
	Path string
	// Digest is the SHA-256 of the content, or zero if the caller does not know it. The executor
	// relies on it: files with one digest are one file to it, also in different tasks.
	Digest [32]byte
}

// Validate returns an error that wraps ErrBadTask and names the first field that no executor
// could use. The executor itself checks the limits of its profile.
func (t Task) Validate() error {
	switch {
	case t.ID == "":
		return fmt.Errorf("%w: id is empty", ErrBadTask)
	case t.ProgramPath == "":
		return fmt.Errorf("%w: program path is empty", ErrBadTask)
	case t.OutputDir == "":
		return fmt.Errorf("%w: output directory is empty", ErrBadTask)
	case t.Fuel == 0:
		return fmt.Errorf("%w: fuel is zero", ErrBadTask)
	case t.MemoryBytes == 0:
		return fmt.Errorf("%w: memory is zero", ErrBadTask)
	case len(t.TraceKeys) > MaxTraceKeys:
		return fmt.Errorf("%w: %d trace keys, at most %d are possible", ErrBadTask, len(t.TraceKeys), MaxTraceKeys)
	case t.WallLimit < 0:
		return fmt.Errorf("%w: wall limit %s is negative", ErrBadTask, t.WallLimit)
	}
	for _, arg := range t.Args {
		if strings.ContainsRune(arg, 0) {
			return fmt.Errorf("%w: argument %q holds a zero byte", ErrBadTask, arg)
		}
	}
	if err := validateEnv(t.Env); err != nil {
		return err
	}
	return validateInputs(t.Inputs)
}

func validateEnv(env []Variable) error {
	seen := make(map[string]struct{}, len(env))
	for _, v := range env {
		if !variableName(v.Name) {
			return fmt.Errorf("%w: environment: expected a name of letters, digits and underscores without a digit first, found %q", ErrBadTask, v.Name)
		}
		if _, dup := seen[v.Name]; dup {
			return fmt.Errorf("%w: environment: %s is set twice", ErrBadTask, v.Name)
		}
		seen[v.Name] = struct{}{}
		if strings.ContainsRune(v.Value, 0) {
			return fmt.Errorf("%w: environment: the value of %s holds a zero byte", ErrBadTask, v.Name)
		}
	}
	return nil
}

func variableName(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

func validateInputs(inputs []Input) error {
	files := make(map[string]struct{}, len(inputs))
	for _, in := range inputs {
		if err := manifest.ValidatePath(in.Name); err != nil {
			return fmt.Errorf("%w: input name: %w", ErrBadTask, err)
		}
		if _, dup := files[in.Name]; dup {
			return fmt.Errorf("%w: input %q is named twice", ErrBadTask, in.Name)
		}
		files[in.Name] = struct{}{}
	}
	for _, in := range inputs {
		for i, c := range in.Name {
			if c != '/' {
				continue
			}
			if _, clash := files[in.Name[:i]]; clash {
				return fmt.Errorf("%w: input %q is a file and a directory", ErrBadTask, in.Name[:i])
			}
		}
	}
	return nil
}
