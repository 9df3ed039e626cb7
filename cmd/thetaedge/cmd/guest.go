package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/sidecar/worker"
)

const (
	// streamBytes is the most that the profile keeps of stdout and of stderr, each.
	streamBytes = 1 << 20
	// workerBytes is what a worker can hold in addition to twice the memory of a program:
	// the process, the compiled program, and what compiling took.
	workerBytes = 1 << 30
)

// Guest runs requesters' programs when this process was started for that, and reports
// whether it was. In that case nothing else must run, and code is the exit code.
func Guest(args []string) (code int, guest bool) {
	if !worker.Invoked(args) {
		return 0, false
	}
	return worker.Main(args, func() (executor.Executor, error) { return wasm.New(wasm.Config{Slots: 1}) }), true
}

// workersDir returns the folder with the files of the workers while they run.
func (n *node) workersDir() string { return filepath.Join(n.home, "workers") }

// newWorkers returns the executor of the node, which runs each program in a process of its
// own.
func newWorkers(n *node, dir string, slots int, logger *slog.Logger) (*worker.Executor, error) {
	memory, output := uint64(n.config.Policy.MaxMemory), uint64(n.config.Policy.MaxOutput)
	if memory == 0 || memory > wasm.MaxMemoryBytes {
		memory = wasm.MaxMemoryBytes
	}
	if output == 0 || output > wasm.MaxOutputBytes {
		output = wasm.MaxOutputBytes
	}
	return worker.New(worker.Config{
		Profile: wasm.Profile, Slots: slots, Dir: dir,
		// Some engines copy a memory that grows.
		MemoryBytes: workerBytes + 2*memory, FileBytes: max(output, streamBytes), StreamBytes: streamBytes,
		Layers: n.config.Work.Layers, Logger: logger,
	})
}

// checkWorkers runs a program as a requester's program would be run, and shows what
// isolates it.
func checkWorkers(ctx context.Context, r *report, n *node) {
	layers, err := tryWorkers(ctx, n)
	if err != nil {
		r.line(missing, "wasm", "the self-test failed: %v", err)
	} else {
		r.line(good, "wasm", "a program ran in a process of its own and gave the expected result")
	}
	for _, layer := range layers {
		switch {
		case layer.Missing == "":
			r.line(good, "layer", "%s: %s", layer.Name, layer.By)
		case slices.Contains(n.config.Work.Layers, layer.Name):
			r.line(missing, "layer", "%s: %s; work.layers requires this layer, so no program is run", layer.Name, layer.Missing)
		default:
			r.line(unsure, "layer", "%s: %s; programs run without this layer unless work.layers requires it", layer.Name, layer.Missing)
		}
	}
	if os.Getuid() == 0 {
		r.line(unsure, "user", "this user is root, whose files a program could reach if it broke through all layers; run thetaedge as a user of its own")
	}
}

// tryWorkers runs the self-test in a folder of its own.
func tryWorkers(ctx context.Context, n *node) (layers []worker.Layer, err error) {
	dir, err := os.MkdirTemp(n.home, "selftest-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the self-test: %w", err)
	}
	defer func() {
		if removeErr := os.RemoveAll(dir); err == nil {
			err = removeErr
		}
	}()
	engine, err := newWorkers(n, filepath.Join(dir, "workers"), 1, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := engine.Close(); err == nil {
			err = closeErr
		}
	}()
	if layers, err = engine.Layers(ctx); err != nil {
		return layers, err
	}
	return layers, selfTest(ctx, engine, dir)
}
