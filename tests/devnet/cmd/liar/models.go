package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/tampered"
)

// modelLiar runs programs with converted models that are not those of the task. It tells its lies in
// turn. Programs without a converted model run as they are.
type modelLiar struct {
	executor.Executor

	dir        string
	confession *devnet.Confession

	mu sync.Mutex
	// turn is the number of tasks with a model so far.
	turn int
	lies map[string]modelLie
}

// modelLie is a task with a changed model.
type modelLie struct {
	// folder contains the changed models, and the outputs of the second run.
	folder string
	// second is the id of the run whose traces replace those of the task, or empty.
	second string
}

// newModelLiar keeps the changed models in a folder, which it empties. The executor runs up to two
// programs for each task.
func newModelLiar(honest executor.Executor, dir string, confession *devnet.Confession) (*modelLiar, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &modelLiar{Executor: honest, dir: dir, confession: confession, lies: make(map[string]modelLie)}, nil
}

// Start runs a task with changed models.
func (l *modelLiar) Start(ctx context.Context, task executor.Task) error {
	return l.begin(ctx, task, l.Executor.Start)
}

// Recover runs a task with changed models.
func (l *modelLiar) Recover(ctx context.Context, task executor.Task) error {
	return l.begin(ctx, task, l.Executor.Recover)
}

// modelLies are the lies about models in the order in which they are told.
func modelLies() []devnet.Lie { return []devnet.Lie{devnet.LieFlip, devnet.LieSkip} }

func (l *modelLiar) begin(ctx context.Context, task executor.Task, begin func(context.Context, executor.Task) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	folder, err := os.MkdirTemp(l.dir, "task-")
	if err != nil {
		return err
	}
	told := modelLie{folder: folder}
	kind := modelLies()[l.turn%len(modelLies())]
	tamper := tampered.FlipBit
	if kind == devnet.LieSkip {
		tamper = tampered.DropLastLayer
	}
	changed, models, err := replaceModels(task, folder, tamper)
	switch {
	case err != nil:
	case models == 0:
		err = begin(ctx, task)
	case kind == devnet.LieSkip:
		told.second = task.ID + "-shallow"
		err = l.beginBoth(ctx, task, changed, told, begin)
	default:
		err = begin(ctx, changed)
	}
	if err == nil && models > 0 {
		l.turn++
		err = l.confession.Note(devnet.Told{Task: task.ID, Lie: kind})
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	l.lies[task.ID] = told
	return nil
}

// beginBoth begins a task as it is, which gives the right text, and the changed one, which gives the
// traces.
func (l *modelLiar) beginBoth(ctx context.Context, task, changed executor.Task, told modelLie, begin func(context.Context, executor.Task) error) error {
	if err := begin(ctx, task); err != nil {
		return err
	}
	changed.ID, changed.OutputDir = told.second, filepath.Join(told.folder, "out")
	if err := l.Executor.Start(ctx, changed); err != nil {
		return errors.Join(err, l.Executor.Destroy(task.ID))
	}
	return nil
}

// Wait returns the result of the first run with the traces of the second one.
func (l *modelLiar) Wait(ctx context.Context, id string) (executor.Result, error) {
	result, err := l.Executor.Wait(ctx, id)
	second := l.told(id).second
	if err != nil || second == "" {
		return result, err
	}
	shallow, err := l.Executor.Wait(ctx, second)
	result.Traces = shallow.Traces
	return result, err
}

// Stop ends both runs of a task.
func (l *modelLiar) Stop(id string) error {
	if second := l.told(id).second; second != "" {
		return errors.Join(l.Executor.Stop(id), l.Executor.Stop(second))
	}
	return l.Executor.Stop(id)
}

// Destroy removes a task and its changed models.
func (l *modelLiar) Destroy(id string) error {
	if err := l.Executor.Destroy(id); err != nil {
		return err
	}
	told := l.told(id)
	l.mu.Lock()
	delete(l.lies, id)
	l.mu.Unlock()
	if told.folder == "" {
		return nil
	}
	var err error
	if told.second != "" {
		err = l.Executor.Destroy(told.second)
	}
	return errors.Join(err, os.RemoveAll(told.folder))
}

func (l *modelLiar) told(id string) modelLie {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lies[id]
}

// replaceModels returns the task with changed copies of its models in a folder, and their number.
func replaceModels(task executor.Task, folder string, tamper func(from, to string) error) (changed executor.Task, models int, err error) {
	task.Inputs = slices.Clone(task.Inputs)
	for i, input := range task.Inputs {
		copied := filepath.Join(folder, fmt.Sprintf("model-%d", i))
		err := tamper(input.Path, copied)
		if errors.Is(err, format.ErrNotModel) {
			continue
		}
		if err != nil {
			return task, models, fmt.Errorf("input %s: %w", input.Name, err)
		}
		task.Inputs[i].Path = copied
		models++
	}
	return task, models, nil
}
