package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/models/format"
)

// flippedPart contains the bit that is flipped: the lowest one of its first weight. All families of
// models have the part.
const flippedPart = "layers.0.q.weight"

// flippingExecutor runs programs with converted models in whose weights one bit is flipped. Programs
// without a converted model run as they are.
type flippingExecutor struct {
	executor.Executor

	dir string

	mu sync.Mutex
	// copies are the changed models of each task.
	copies map[string][]string
}

// newFlippingExecutor keeps the changed models in a folder, which it empties.
func newFlippingExecutor(honest executor.Executor, dir string) (*flippingExecutor, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &flippingExecutor{Executor: honest, dir: dir, copies: make(map[string][]string)}, nil
}

// Start runs a task with changed models.
func (f *flippingExecutor) Start(ctx context.Context, task executor.Task) error {
	return f.begin(ctx, task, f.Executor.Start)
}

// Recover runs a task with changed models.
func (f *flippingExecutor) Recover(ctx context.Context, task executor.Task) error {
	return f.begin(ctx, task, f.Executor.Recover)
}

func (f *flippingExecutor) begin(ctx context.Context, task executor.Task, begin func(context.Context, executor.Task) error) error {
	changed, copies, err := f.flip(task)
	if err == nil {
		err = begin(ctx, changed)
	}
	if err != nil {
		return errors.Join(err, remove(copies))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.copies[task.ID] = copies
	return nil
}

// flip returns the task with changed models, and their paths.
func (f *flippingExecutor) flip(task executor.Task) (changed executor.Task, copies []string, err error) {
	task.Inputs = slices.Clone(task.Inputs)
	for i, input := range task.Inputs {
		path, err := f.copyOf(input.Path)
		if errors.Is(err, format.ErrNotModel) {
			continue
		}
		if err != nil {
			return task, copies, fmt.Errorf("input %s: %w", input.Name, err)
		}
		task.Inputs[i].Path, copies = path, append(copies, path)
	}
	return task, copies, nil
}

// copyOf returns the path of a changed copy of a model.
func (f *flippingExecutor) copyOf(path string) (string, error) {
	dir, err := os.MkdirTemp(f.dir, "model-")
	if err != nil {
		return "", err
	}
	copied := filepath.Join(dir, "model")
	if err := flipBit(path, copied); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return copied, nil
}

// Destroy removes a task and its changed models.
func (f *flippingExecutor) Destroy(id string) error {
	if err := f.Executor.Destroy(id); err != nil {
		return err
	}
	f.mu.Lock()
	copies := f.copies[id]
	delete(f.copies, id)
	f.mu.Unlock()
	return remove(copies)
}

func remove(copies []string) error {
	var err error
	for _, path := range copies {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(path)))
	}
	return err
}

// flipBit copies a converted model with one bit of its weights changed. It fails with
// format.ErrNotModel if the file is another one.
func flipBit(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // read only
	stat, err := source.Stat()
	if err != nil {
		return err
	}
	model, err := format.Open(source, stat.Size())
	if err != nil {
		return err
	}
	_, position, found := model.Part(flippedPart)
	if !found {
		return fmt.Errorf("expected a part %s in the model, found none", flippedPart)
	}
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	weight := make([]byte, 1)
	if _, err := target.ReadAt(weight, position); err != nil {
		return err
	}
	weight[0] ^= 1
	_, err = target.WriteAt(weight, position)
	return err
}
