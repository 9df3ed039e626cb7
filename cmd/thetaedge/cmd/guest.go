package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/container"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/sidecar/config"
	hardware "github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/worker"
	"github.com/thetaedge/theta/tensor/backend"
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
	return worker.Main(args, func(o worker.Opening) (executor.Executor, error) {
		return profiles.Open(o.Profile, profiles.Config{
			Slots: 1, Cores: o.Cores, KeepBytes: o.KeepBytes, Timely: true, Device: o.Device, Remote: o.Remote, Known: o.Known, Guard: o.Guard,
		})
	}), true
}

// workersDir returns the folder with the files of the workers while they run.
func (n *node) workersDir() string { return filepath.Join(n.home, "workers") }

// engines are the executors of a node, one for each profile.
type engines []*worker.Executor

// newEngines returns the executors of a node, which run each program in a process of its own.
// Their files are below a folder.
func newEngines(n *node, dir string, slots int, logger *slog.Logger) (engines, error) {
	var all engines
	for _, profile := range profiles.Names() {
		engine, err := newWorkers(n, profile, filepath.Join(dir, strings.ReplaceAll(profile, "/", "-")), slots, logger)
		if err != nil {
			return nil, errors.Join(err, all.close())
		}
		all = append(all, engine)
	}
	return all, nil
}

// list returns the executors for the agent.
func (all engines) list() []executor.Executor {
	list := make([]executor.Executor, len(all))
	for i, engine := range all {
		list[i] = engine
	}
	return list
}

// chosen returns what executes tensors, and whether it has been chosen yet.
func (all engines) chosen() (backend.Device, bool) {
	for _, engine := range all {
		if engine.Profile() == tensors.Profile {
			found, chosen := engine.Chosen()
			return found.Device, chosen
		}
	}
	return backend.Device{}, false
}

func (all engines) close() error {
	var err error
	for _, engine := range all {
		err = errors.Join(err, engine.Close())
	}
	return err
}

// newWorkers returns the executor of a profile, with its files in a folder.
func newWorkers(n *node, profile, dir string, slots int, logger *slog.Logger) (*worker.Executor, error) {
	memory, output := uint64(n.config.Policy.MaxMemory), uint64(n.config.Policy.MaxOutput)
	if memory == 0 || memory > wasm.MaxMemoryBytes {
		memory = wasm.MaxMemoryBytes
	}
	if output == 0 || output > wasm.MaxOutputBytes {
		output = wasm.MaxOutputBytes
	}
	// Some engines copy a memory that grows.
	memory = workerBytes + 2*memory
	var device *worker.Tensors
	var keep uint64
	var idle time.Duration
	var swap *worker.Swap
	if profile == tensors.Profile {
		var err error
		if device, err = tensorsOf(n, slots); err != nil {
			return nil, err
		}
		if n.config.Work.KeepWeights > 0 {
			keep, idle = device.Bytes, n.config.Work.KeepWeights
		}
		if n.config.Work.Swap > 0 {
			swap = &worker.Swap{Bytes: uint64(n.config.Work.Swap), Free: hardware.FreeBytes}
		}
	}
	cores, quota := n.config.Work.Cores(runtime.NumCPU(), slots)
	return worker.New(worker.Config{
		Last: n.config.Work.Priority == config.Lowest, Cores: cores, Quota: quota,
		Profile: profile, Slots: slots, Dir: dir, Tensors: device,
		MemoryBytes: memory, FileBytes: max(output, streamBytes), StreamBytes: streamBytes,
		KeepBytes: keep, IdleTime: idle, Swap: swap,
		Layers: n.config.Work.Layers, Logger: logger,
	})
}

// checkWorkers runs a program of each profile as a requester's program would be run, and shows
// what isolates it.
func checkWorkers(ctx context.Context, r *report, n *node) {
	var layers []worker.Layer
	for _, profile := range profiles.Names() {
		found, err := tryWorkers(ctx, n, profile)
		if found.device != nil {
			checkDevice(r, n, *found.device)
		}
		switch {
		case err != nil && profile != wasm.Profile:
			r.line(unsure, profile, "this node does not take its jobs, because the self-test failed: %v", err)
		case err != nil:
			r.line(missing, profile, "the self-test failed: %v", err)
		default:
			r.line(good, profile, "a program ran in a process of its own and gave the expected result")
		}
		if len(layers) == 0 {
			layers = found.layers
		}
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

// healthyProfiles returns the profiles whose self-test passes on this machine, or why there is
// none.
func healthyProfiles(ctx context.Context, n *node) ([]string, error) {
	var healthy []string
	var failures error
	for _, profile := range profiles.Names() {
		if _, err := tryWorkers(ctx, n, profile); err != nil {
			failures = errors.Join(failures, fmt.Errorf("%s: %w", profile, err))
			continue
		}
		healthy = append(healthy, profile)
	}
	if found, enabled := containerHealth(ctx, n); enabled && found.Health == executor.Healthy {
		healthy = append(healthy, container.Profile)
	} else if enabled {
		failures = errors.Join(failures, fmt.Errorf("%s: %s", container.Profile, found.Detail))
	}
	if len(healthy) == 0 {
		return nil, fmt.Errorf("this machine cannot run programs of any profile; run thetaedge doctor: %w", failures)
	}
	return healthy, nil
}

// trial is what the self-test of a profile has found out.
type trial struct {
	layers []worker.Layer
	// device executes tensors; nil if the profile has none, or if there is nothing.
	device *worker.Device
}

// trialTime is the longest time of a self-test. A driver compiles its kernels meanwhile.
const trialTime = 4 * time.Minute

// tryWorkers runs the self-test of a profile in a folder of its own. The node then offers tensors as
// much memory as what executes them has.
func tryWorkers(parent context.Context, n *node, profile string) (found trial, err error) {
	// The time that a driver takes is not that of a caller who waits for a chain.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), trialTime)
	defer cancel()
	dir, err := os.MkdirTemp(n.home, "selftest-")
	if err != nil {
		return found, fmt.Errorf("cannot make a folder for the self-test: %w", err)
	}
	defer func() {
		if removeErr := os.RemoveAll(dir); err == nil {
			err = removeErr
		}
	}()
	engine, err := newWorkers(n, profile, filepath.Join(dir, "workers"), 1, nil)
	if err != nil {
		return found, err
	}
	defer func() {
		if closeErr := engine.Close(); err == nil {
			err = closeErr
		}
	}()
	found.layers, err = engine.Layers(ctx)
	if profile == tensors.Profile {
		if d, failed := engine.Device(ctx); failed == nil {
			found.device = &d
			n.offer(d.Device)
		}
	}
	if err != nil {
		return found, err
	}
	return found, selfTest(ctx, engine, dir)
}
