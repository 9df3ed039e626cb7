package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tests/devnet"
)

// lie is the text that the liar adds to every file that it computes.
const lie = "\n(and this was never computed)\n"

// lyingExecutor runs tasks honestly and alters their results consistently: files and digests
// match each other, as a clever cheat would make them do.
type lyingExecutor struct {
	executor.Executor

	confession *devnet.Confession

	mu   sync.Mutex
	dirs map[string]string
	lies map[string]*altered
}

// altered is a result that was altered once, so that every caller gets the same one.
type altered struct {
	once   sync.Once
	result executor.Result
	err    error
}

func newLyingExecutor(honest executor.Executor, confession *devnet.Confession) *lyingExecutor {
	return &lyingExecutor{Executor: honest, confession: confession, dirs: make(map[string]string), lies: make(map[string]*altered)}
}

// Start notes where the outputs will be.
func (l *lyingExecutor) Start(ctx context.Context, task executor.Task) error {
	l.note(task)
	return l.Executor.Start(ctx, task)
}

// Recover notes where the outputs will be.
func (l *lyingExecutor) Recover(ctx context.Context, task executor.Task) error {
	l.note(task)
	return l.Executor.Recover(ctx, task)
}

func (l *lyingExecutor) note(task executor.Task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dirs[task.ID], l.lies[task.ID] = task.OutputDir, &altered{}
}

// Wait returns the altered result.
func (l *lyingExecutor) Wait(ctx context.Context, id string) (executor.Result, error) {
	result, err := l.Executor.Wait(ctx, id)
	if err != nil {
		return result, err
	}
	l.mu.Lock()
	dir, lie := l.dirs[id], l.lies[id]
	l.mu.Unlock()
	if lie == nil {
		return result, fmt.Errorf("%w: %s", executor.ErrUnknownTask, id)
	}
	lie.once.Do(func() {
		if lie.result, lie.err = alter(dir, result); lie.err == nil {
			lie.err = l.confession.Note(devnet.Told{Task: id, Lie: devnet.LieText})
		}
	})
	return lie.result, lie.err
}

// alter rewrites every output file, and changes the result to match. If a program left no
// files, alter claims that it failed.
func alter(dir string, result executor.Result) (executor.Result, error) {
	outputs := append([]executor.File(nil), result.Outputs...)
	changed := false
	for i, file := range outputs {
		if file.Size == 0 {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(file.Path))
		content, err := os.ReadFile(path)
		if err != nil {
			return result, err
		}
		content = append(content, lie...)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return result, err
		}
		outputs[i].Size, outputs[i].SHA256 = uint64(len(content)), sha256.Sum256(content)
		changed = true
	}
	result.Outputs = outputs
	if !changed && result.Reason == "exited" {
		result.ExitCode++
	}
	return result, nil
}
