package executors

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/sidecar/worker"
	"github.com/thetaedge/theta/tests/bench/stat"
)

// OverheadReport is the time of a job that does nearly nothing under a profile, in milliseconds.
type OverheadReport struct {
	Profile string `json:"profile"`
	// Bare is in the process of the daemon, which is how no node runs it. Worker is in a worker process
	// that has run the program before, and First in one that has not started yet.
	Bare   stat.Stat `json:"bare_ms"`
	Worker stat.Stat `json:"worker_ms"`
	First  stat.Stat `json:"first_ms"`
	// Added is the difference between Worker and Bare in the same round.
	Added stat.Stat `json:"added_ms"`
}

// Guest serves as a worker process if this process was started as one, and returns its exit code.
func Guest(args []string) (code int, is bool) {
	if !worker.Invoked(args) {
		return 0, false
	}
	return worker.Main(args, func(o worker.Opening) (executor.Executor, error) {
		return profiles.Open(o.Profile, profiles.Config{Slots: 1, Cores: o.Cores, KeepBytes: o.KeepBytes, Device: o.Device})
	}), true
}

// overheads measures all profiles.
func (r *runner) overheads(ctx context.Context, report *Report) error {
	for _, profile := range profiles.Names() {
		r.progress("overhead: %s", profile)
		o, err := r.overhead(ctx, profile)
		if err != nil {
			return fmt.Errorf("%s: %w", profile, err)
		}
		report.Overheads = append(report.Overheads, o)
	}
	return nil
}

// firsts is the number of worker processes that are started.
const firsts = 3

func (r *runner) overhead(ctx context.Context, profile string) (out OverheadReport, err error) {
	text := program(profile)
	if text == nil {
		return out, errors.New("expected a program of the profile, found none; add one to the function program")
	}
	path := filepath.Join(r.dir, "program.wasm")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return out, err
	}
	bare, err := profiles.Open(profile, profiles.Config{Slots: 1})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	var inWorker executor.Executor
	var first, own, other, added []float64
	for range firsts {
		if inWorker != nil {
			if err := inWorker.Close(); err != nil {
				return out, err
			}
		}
		inWorker, err = worker.New(worker.Config{
			Profile: profile, Slots: 1, Dir: filepath.Join(r.dir, "workers"), MemoryBytes: 1 << 30, FileBytes: 1 << 20, StreamBytes: 1 << 20,
		})
		if err != nil {
			return out, err
		}
		ms, err := r.job(ctx, inWorker, path)
		if err != nil {
			return out, errors.Join(err, inWorker.Close())
		}
		first = append(first, ms)
	}
	defer func() { err = errors.Join(err, inWorker.Close()) }()
	for round := range r.scale.jobs + 1 {
		a, err := r.job(ctx, bare, path)
		if err != nil {
			return out, err
		}
		b, err := r.job(ctx, inWorker, path)
		if err != nil {
			return out, err
		}
		if round > 0 { // the first one compiles
			own, other, added = append(own, a), append(other, b), append(added, b-a)
		}
	}
	return OverheadReport{profile, stat.New(own), stat.New(other), stat.New(first), stat.New(added)}, nil
}

// job runs the program once, with its outputs on the disk, and returns the milliseconds that it took.
func (r *runner) job(ctx context.Context, e executor.Executor, path string) (float64, error) {
	out := filepath.Join(r.dir, "out")
	task := executor.Task{
		ID: "job", ProgramPath: path, Fuel: 1 << 30, MemoryBytes: 16 << 20, DeviceBytes: 16 << 20, OutputBytes: 1 << 20, OutputFiles: 4,
		OutputDir: out, WallLimit: time.Minute,
	}
	if e.Profile() == wasm.Profile {
		task.DeviceBytes = 0
	}
	began := time.Now()
	if err := e.Start(ctx, task); err != nil {
		return 0, err
	}
	result, err := e.Wait(ctx, task.ID)
	took := time.Since(began)
	if err == nil && result.ExitCode != 0 {
		err = fmt.Errorf("expected exit code 0, found %d: %s", result.ExitCode, result.Detail)
	}
	return float64(took) / float64(time.Millisecond), errors.Join(err, e.Destroy(task.ID), os.RemoveAll(out))
}
