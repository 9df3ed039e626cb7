//go:build linux

package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// refusedFuel is an amount of fuel with which the scripts' executor refuses a task.
const refusedFuel = 13

// scripts is an executor for the tests. Its programs are lists of what a hostile program could
// make an engine do.
type scripts struct {
	mu    sync.Mutex
	tasks int
	done  chan struct{}
	run   *play
}

// play is one script that is running.
type play struct {
	task   executor.Task
	number int
	asked  uint64
	files  map[string][]byte
	result executor.Result
	err    error
}

func newScripts() executor.Executor { return &scripts{} }

func (s *scripts) Profile() string { return profile }

func (s *scripts) Fingerprint(context.Context) executor.Fingerprint {
	return executor.Fingerprint{Profile: profile, Health: executor.Healthy, Engine: "scripts 1", Slots: 1}
}

func (s *scripts) Start(_ context.Context, task executor.Task) error {
	if task.Fuel == refusedFuel {
		return fmt.Errorf("%w: fuel", executor.ErrBadTask)
	}
	text, err := os.ReadFile(task.ProgramPath)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks++
	s.done = make(chan struct{})
	s.run = &play{task: task, number: s.tasks, files: map[string][]byte{}, result: executor.Result{Profile: profile, Reason: manifest.ReasonExited, FuelUsed: 7}}
	for _, key := range task.TraceKeys {
		key[31]++
		s.run.result.Traces = append(s.run.result.Traces, key)
	}
	go func() {
		defer close(s.done)
		for line := range strings.Lines(string(text)) {
			name, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
			if s.run.err = s.run.step(name, rest); s.run.err != nil {
				return
			}
		}
		s.run.err = s.run.leave()
	}()
	return nil
}

func (s *scripts) Recover(context.Context, executor.Task) error { return errors.New("not a daemon") }

func (s *scripts) Wait(context.Context, string) (executor.Result, error) {
	<-s.done
	return s.run.result, s.run.err
}

// Progress counts how often it was asked.
func (s *scripts) Progress(string) (executor.Progress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run.asked++
	return executor.Progress{FuelUsed: s.run.asked, Fuel: s.run.task.Fuel}, nil
}

func (s *scripts) Stop(string) error    { return nil }
func (s *scripts) Destroy(string) error { return nil }
func (s *scripts) Close() error         { return nil }

// step executes one line.
func (p *play) step(name, rest string) error {
	switch name {
	case "stdout", "stderr":
		p.files[name] = []byte(rest)
	case "write":
		path, text, _ := strings.Cut(rest, " ")
		p.files[path] = []byte(text)
	case "big":
		size, err := strconv.Atoi(rest)
		p.files["big"] = make([]byte, size)
		return err
	case "endless":
		for n := 0; ; n++ {
			runtime.KeepAlive(n)
		}
	case "sleep":
		select {}
	case "crash":
		fmt.Fprintln(os.Stderr, "engine: assertion failed")
		os.Exit(134)
	case "print":
		fmt.Fprint(os.Stdout, strings.Repeat("debug ", 10_000))
	case "flood":
		for {
			_, _ = os.Stderr.Write(bytes.Repeat([]byte("x"), 64<<10))
		}
	case "fail":
		return errors.New("no disk")
	case "trap":
		p.result.Reason, p.result.ExitCode = manifest.ReasonTrapped, manifest.NoExitCode
	case "number":
		p.files["number"] = []byte(strconv.Itoa(p.number))
	case "pid":
		p.files["pid"] = []byte(strconv.Itoa(os.Getpid()))
	case "echo":
		p.files["echo"] = p.echo()
	case "eat":
		eat(rest)
	case "try":
		p.files[rest] = []byte(attack(rest))
	default:
		return fmt.Errorf("no such step: %q", name)
	}
	return nil
}

// echo describes the part of the task that has arrived.
func (p *play) echo() []byte {
	var inputs []string
	for _, in := range p.task.Inputs {
		content, err := os.ReadFile(in.Path)
		if err != nil {
			content = []byte(err.Error())
		}
		inputs = append(inputs, fmt.Sprintf("%s=%q %x", in.Name, content, in.Digest))
	}
	t := p.task
	return fmt.Appendf(nil, "%q %x %q %s %d %d %d %d %d %t", t.Args, t.Seed, t.Env, strings.Join(inputs, ","), t.Fuel, t.MemoryBytes, t.DeviceBytes, t.OutputBytes, t.OutputFiles, t.Unsynced)
}

// eat allocates many bytes and keeps them.
func eat(size string) {
	n, err := strconv.Atoi(size)
	if err != nil {
		panic(err)
	}
	held := make([][]byte, 0, n>>20)
	for range n >> 20 {
		held = append(held, bytes.Repeat([]byte{1}, 1<<20))
	}
	runtime.KeepAlive(held)
}

// leave writes the outputs in the same way as the executor of the profile.
func (p *play) leave() error {
	half := p.task.OutputDir + ".partial"
	if err := os.MkdirAll(half, 0o700); err != nil {
		return err
	}
	for path, content := range p.files {
		to := filepath.Join(half, filepath.FromSlash(path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, content, 0o600)); err != nil {
			return err
		}
	}
	return os.Rename(half, p.task.OutputDir)
}
