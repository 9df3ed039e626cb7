package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/published"
	"github.com/thetaedge/theta/tests/devnet"
)

const prose = "../../../../models/testdata/prose"

// convertProse converts the trained model of the tests, and returns its path.
func convertProse(t *testing.T) string {
	t.Helper()
	model, err := published.Open(prose)
	require.NoError(t, err)
	defer func() { require.NoError(t, model.Close()) }()
	path := filepath.Join(t.TempDir(), "model")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, convert.Convert(file, model.Weights, model.Config, convert.Options{Bits: 8}))
	require.NoError(t, file.Close())
	return path
}

func layersOf(t *testing.T, path string) int {
	t.Helper()
	content, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, content.Close()) }()
	stat, err := content.Stat()
	require.NoError(t, err)
	model, err := format.Open(content, stat.Size())
	require.NoError(t, err)
	return len(model.Header.Model.Layers)
}

// recorder is an executor that notes the tasks that it is given.
type recorder struct {
	executor.Executor

	tasks     []executor.Task
	stopped   []string
	destroyed []string
	fails     error
}

func (r *recorder) Start(_ context.Context, task executor.Task) error {
	r.tasks = append(r.tasks, task)
	return r.fails
}

func (r *recorder) Recover(ctx context.Context, task executor.Task) error { return r.Start(ctx, task) }

// Wait returns a result that names the run in its trace.
func (r *recorder) Wait(_ context.Context, id string) (executor.Result, error) {
	var trace executor.Trace
	copy(trace[:], id)
	return executor.Result{Profile: "tensor/1", Reason: manifest.ReasonExited, FuelUsed: uint64(len(id)), Traces: []executor.Trace{trace}}, nil
}

func (r *recorder) Stop(id string) error {
	r.stopped = append(r.stopped, id)
	return nil
}

func (r *recorder) Destroy(id string) error {
	r.destroyed = append(r.destroyed, id)
	return r.fails
}

func newTestLiar(t *testing.T) (liar *modelLiar, inner *recorder, dir, home string) {
	t.Helper()
	home = t.TempDir()
	inner, dir = &recorder{}, filepath.Join(home, "changed")
	liar, err := newModelLiar(inner, dir, devnet.NewConfession(home))
	require.NoError(t, err)
	return liar, inner, dir, home
}

func TestTheLiarTellsItsLiesAboutModelsInTurn(t *testing.T) {
	model := convertProse(t)
	before, err := os.ReadFile(model)
	require.NoError(t, err)
	request := filepath.Join(t.TempDir(), "request.json")
	require.NoError(t, os.WriteFile(request, []byte(`{"prompt":"a, b and a text that is longer than a prefix"}`), 0o600))
	task := func(id string) executor.Task {
		return executor.Task{ID: id, OutputDir: "honest", Inputs: []executor.Input{{Name: "model", Path: model}, {Name: "request.json", Path: request}}}
	}
	liar, inner, dir, home := newTestLiar(t)

	require.NoError(t, liar.Start(t.Context(), task("first")))
	require.Len(t, inner.tasks, 1)
	ran := inner.tasks[0]
	require.Equal(t, request, ran.Inputs[1].Path)
	changed, err := os.ReadFile(ran.Inputs[0].Path)
	require.NoError(t, err)
	require.NotEqual(t, before, changed)
	require.Equal(t, layersOf(t, model), layersOf(t, ran.Inputs[0].Path))
	require.NoError(t, liar.Stop("first"))
	require.Equal(t, []string{"first"}, inner.stopped)

	require.NoError(t, liar.Recover(t.Context(), task("second")))
	require.Len(t, inner.tasks, 3)
	require.Equal(t, task("second"), inner.tasks[1], "the right text needs an honest run")
	shallow := inner.tasks[2]
	require.Equal(t, "second-shallow", shallow.ID)
	require.NotEqual(t, "honest", shallow.OutputDir)
	require.Equal(t, layersOf(t, model)-1, layersOf(t, shallow.Inputs[0].Path))
	result, err := liar.Wait(t.Context(), "second")
	require.NoError(t, err)
	require.EqualValues(t, len("second"), result.FuelUsed)
	require.Equal(t, "second-shallow", string(result.Traces[0][:len("second-shallow")]))
	require.NoError(t, liar.Stop("second"))
	require.Equal(t, []string{"first", "second", "second-shallow"}, inner.stopped)

	require.NoError(t, liar.Start(t.Context(), task("third")))
	require.Equal(t, "third", inner.tasks[3].ID)
	require.Len(t, inner.tasks, 4, "a flipped bit again")
	for _, id := range []string{"first", "second", "third"} {
		require.NoError(t, liar.Destroy(id))
	}
	require.Equal(t, []string{"first", "second", "second-shallow", "third"}, inner.destroyed)
	require.Empty(t, entries(t, dir))
	after, err := os.ReadFile(model)
	require.NoError(t, err)
	require.Equal(t, before, after)

	told, err := os.ReadFile(filepath.Join(home, "lies.jsonl"))
	require.NoError(t, err)
	require.Equal(t, `{"task":"first","lie":"flips one bit of a weight"}
{"task":"second","lie":"skips the last layer and knows the text"}
{"task":"third","lie":"flips one bit of a weight"}
`, string(told))
}

func TestProgramsWithoutAModelRunAsTheyAre(t *testing.T) {
	liar, inner, _, home := newTestLiar(t)
	request := filepath.Join(t.TempDir(), "request.json")
	require.NoError(t, os.WriteFile(request, []byte(`{}`), 0o600))
	task := executor.Task{ID: "1", Inputs: []executor.Input{{Name: "request.json", Path: request}}}
	require.NoError(t, liar.Start(t.Context(), task))
	require.Equal(t, []executor.Task{task}, inner.tasks)
	require.NoError(t, liar.Destroy("1"))
	require.NoFileExists(t, filepath.Join(home, "lies.jsonl"))
}

func TestNoCopyIsLeftOfATaskThatDoesNotStart(t *testing.T) {
	model := convertProse(t)
	liar, inner, dir, home := newTestLiar(t)
	inner.fails = errors.New("busy")
	task := executor.Task{ID: "1", Inputs: []executor.Input{{Name: "model", Path: model}}}
	require.ErrorIs(t, liar.Start(t.Context(), task), inner.fails)
	require.Len(t, inner.tasks, 1)
	require.Empty(t, entries(t, dir))

	task.Inputs[0].Path = filepath.Join(dir, "missing")
	require.ErrorIs(t, liar.Start(t.Context(), task), os.ErrNotExist)
	require.Len(t, inner.tasks, 1)
	require.Empty(t, entries(t, dir))
	require.NoFileExists(t, filepath.Join(home, "lies.jsonl"))
}

func entries(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	found, err := os.ReadDir(dir)
	require.NoError(t, err)
	return found
}
