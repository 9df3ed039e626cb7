package bench

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// load is a program whose work can be repeated as often as wanted.
type load struct {
	name, shape string
	// apart reports whether the load does not count towards what a node can promise.
	apart bool
	// prepare writes the files of the program into a folder.
	prepare func(dir string) (prepared, error)
}

// prepared is a load whose files have been written.
type prepared struct {
	task executor.Task
	// first is the number of turns of the first run.
	first uint64
	// turn changes the task so that it does a number of turns.
	turn func(task *executor.Task, turns uint64) error
}

// firstFuel is the fuel of a first run, which takes some milliseconds on most machines.
const firstFuel = 5_000_000

// loadsOf returns the loads of a profile.
func loadsOf(profile string) ([]load, error) {
	var loads []load
	switch profile {
	case wasm.Profile:
		for _, p := range programs() {
			loads = append(loads, load{p.name, p.does, p.apart, p.prepare})
		}
	case tensors.Profile:
		for _, making := range tensortest.Loads() {
			loads = append(loads, load{making.Name, making.Shape, false, func(dir string) (prepared, error) { return prepareTensors(dir, making) }})
		}
	default:
		return nil, fmt.Errorf("expected a profile whose speed can be measured, %s or %s, found %q", wasm.Profile, tensors.Profile, profile)
	}
	return loads, nil
}

func (p *program) prepare(dir string) (prepared, error) {
	path := filepath.Join(dir, p.name+".wasm")
	if err := os.WriteFile(path, p.code, 0o600); err != nil {
		return prepared{}, err
	}
	return prepared{
		task:  executor.Task{ProgramPath: path, MemoryBytes: 32 << 20},
		first: p.first,
		turn: func(task *executor.Task, turns uint64) error {
			task.Args = []string{fmt.Sprint(turns)}
			return nil
		},
	}, nil
}

// prepareTensors writes the program that replays operations, which is the same for all of them, and
// the bytes of the tensors.
func prepareTensors(dir string, making tensortest.Making) (prepared, error) {
	program, data := filepath.Join(dir, "replay.wasm"), filepath.Join(dir, dataName)
	if _, err := os.Stat(program); err != nil {
		if err := os.WriteFile(program, replay(), 0o600); err != nil {
			return prepared{}, err
		}
	}
	work := making.Make()
	var bytes []byte
	memory := uint64(0)
	for _, t := range work.Tensors {
		bytes = append(bytes, t.Bytes...)
		memory += tensor.Memory(t.Shape)
	}
	if err := os.RemoveAll(data); err != nil { // another load may still hold its file
		return prepared{}, err
	}
	if err := os.WriteFile(data, bytes, 0o600); err != nil {
		return prepared{}, err
	}
	runs := 0
	return prepared{
		task: executor.Task{
			ProgramPath: program, MemoryBytes: 16 << 20, DeviceBytes: memory,
		},
		first: max(1, firstFuel/work.Fuel()),
		turn: func(task *executor.Task, turns uint64) error {
			runs++
			path := filepath.Join(dir, fmt.Sprintf("%s-%d", planName, runs))
			task.Inputs = []executor.Input{{Name: planName, Path: path}, {Name: dataName, Path: data}}
			return os.WriteFile(path, plan(&work, turns), 0o600)
		},
	}, nil
}
