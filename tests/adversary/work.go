package adversary

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// programFuel, programMemory and programOutput bound the small program.
	programFuel, programMemory, programOutput = 1_000_000, 1 << 20, 1 << 16
	// labSlots is more than the number of nodes that this process plays.
	labSlots = 64
)

// work is an execution, with all that determines its result.
type work struct {
	profile string
	program []byte
	args    []string
	// inputs are the files of the program, with their paths on this machine.
	inputs    []executor.Input
	resources computetypes.Resources
	// lazy is the device that executes tensors, if it does not execute all of them.
	lazy *headless
}

// small returns the execution of a small program of wasm/1.
func small(program string, args ...string) work {
	return work{
		profile: wasm.Profile, program: []byte(program), args: args,
		resources: computetypes.Resources{Fuel: programFuel, MemoryBytes: programMemory, OutputBytes: programOutput},
	}
}

// lab executes work in this process. Programs stay compiled.
type lab struct {
	dir string

	mu      sync.Mutex
	engines map[labEngine]executor.Executor
}

// labEngine identifies an executor of a lab.
type labEngine struct {
	profile string
	lazy    *headless
}

func newLab(dir string) *lab { return &lab{dir: dir, engines: make(map[labEngine]executor.Executor)} }

// engine returns the executor for some work.
func (l *lab) engine(w work) (executor.Executor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := labEngine{w.profile, w.lazy}
	if known, found := l.engines[key]; found {
		return known, nil
	}
	var made executor.Executor
	var err error
	if w.profile == tensors.Profile {
		made, err = tensors.New(tensors.Config{Slots: labSlots, Unguarded: true, Open: func() (tensor.Device, error) {
			honest := cpu.New(cpu.WithCores(1))
			if w.lazy != nil {
				return w.lazy.on(honest), nil
			}
			return honest, nil
		}})
	} else {
		made, err = wasm.New(wasm.Config{Slots: labSlots})
	}
	if err == nil {
		l.engines[key] = made
	}
	return made, err
}

// execute executes work under the keys of its traces. It returns what the program wrote to a file, if
// the file is named.
func (l *lab) execute(ctx context.Context, w work, keys [][]byte, file string) (found executor.Result, content []byte, err error) {
	engine, err := l.engine(w)
	if err != nil {
		return found, nil, err
	}
	folder, err := os.MkdirTemp(l.dir, "answer-")
	if err != nil {
		return found, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "program.wasm")
	if err := os.WriteFile(path, w.program, 0o600); err != nil {
		return found, nil, err
	}
	task := executor.Task{
		ID: filepath.Base(folder), ProgramPath: path, Args: w.args, Inputs: w.inputs, Fuel: w.resources.Fuel,
		MemoryBytes: w.resources.MemoryBytes, DeviceBytes: w.resources.DeviceBytes, OutputBytes: w.resources.OutputBytes,
		OutputFiles: manifest.MaxFiles - 2, OutputDir: filepath.Join(folder, "out"),
	}
	for _, key := range keys {
		task.TraceKeys = append(task.TraceKeys, executor.Trace(key))
	}
	if err := engine.Start(ctx, task); err != nil {
		return found, nil, err
	}
	found, err = engine.Wait(ctx, task.ID)
	err = errors.Join(err, engine.Destroy(task.ID))
	if err == nil && file != "" {
		content, err = os.ReadFile(filepath.Join(task.OutputDir, file))
	}
	return found, content, err
}

// compute executes work once, as an owner of many machines would do for all of them, and returns what
// a node that executes it finds.
func (l *lab) compute(ctx context.Context, w work) (answer, error) {
	result, _, err := l.execute(ctx, w, nil, "")
	if err != nil {
		return answer{}, fmt.Errorf("execute a program of %s: %w", w.profile, err)
	}
	digest, err := result.Digest()
	return answer{digest: digest[:], exit: exitOf(result), fuel: result.FuelUsed, work: &w}, err
}

func (l *lab) close() error {
	var err error
	for _, engine := range l.engines {
		err = errors.Join(err, engine.Close())
	}
	return err
}
