package main

import (
	"context"
	"errors"
	"math/bits"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/published"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

const prose = "../../../../models/testdata/prose"

// convertProse converts the trained model of the tests, and returns its path and the tokens of a text.
func convertProse(t *testing.T, text string) (path string, tokens []int32) {
	t.Helper()
	model, err := published.Open(prose)
	require.NoError(t, err)
	defer func() { require.NoError(t, model.Close()) }()
	tokens, err = model.Tokenizer.Encode(text)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "model")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, convert.Convert(file, model.Weights, model.Config, convert.Options{Bits: 8}))
	require.NoError(t, file.Close())
	return path, tokens
}

// traceOf executes a model on tokens, and returns the trace under a key and the logits after the last
// token.
func traceOf(t *testing.T, path string, tokens []int32, key executor.Trace) (executor.Trace, []int32) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	stat, err := file.Stat()
	require.NoError(t, err)
	model, err := format.Open(file, stat.Size())
	require.NoError(t, err)
	session := tensor.NewSession(cpu.New(cpu.WithCores(1)), 1<<28, key)
	defer func() { require.NoError(t, session.Close()) }()
	d, err := decoder.New(decoder.OnSession(session, file), model, decoder.Options{Context: uint32(len(tokens))})
	require.NoError(t, err)
	logits, err := d.Step(tokens)
	require.NoError(t, err)
	traces, err := session.Traces()
	require.NoError(t, err)
	require.Len(t, traces, 1)
	return traces[0], logits
}

func TestOneFlippedBitChangesTheTraceOfAnAnswer(t *testing.T) {
	honest, tokens := convertProse(t, "It is a truth universally acknowledged, that")
	flipped := filepath.Join(t.TempDir(), "flipped")
	require.NoError(t, flipBit(honest, flipped))
	require.Equal(t, 1, differentBits(t, honest, flipped))

	key := executor.Trace{1, 2, 3}
	want, logits := traceOf(t, honest, tokens, key)
	again, _ := traceOf(t, honest, tokens, key)
	require.Equal(t, want, again)
	got, changed := traceOf(t, flipped, tokens, key)
	require.NotEqual(t, want, got)
	require.NotEqual(t, logits, changed)
	short, _ := traceOf(t, honest, tokens[:1], key)
	shortChanged, _ := traceOf(t, flipped, tokens[:1], key)
	require.NotEqual(t, short, shortChanged, "one token suffices")
}

// differentBits counts the bits in which two files of the same size differ.
func differentBits(t *testing.T, x, y string) int {
	t.Helper()
	left, err := os.ReadFile(x)
	require.NoError(t, err)
	right, err := os.ReadFile(y)
	require.NoError(t, err)
	require.Len(t, right, len(left))
	count := 0
	for i := range left {
		count += bits.OnesCount8(left[i] ^ right[i])
	}
	return count
}

// recorder is an executor that notes the tasks that it is given.
type recorder struct {
	executor.Executor

	tasks []executor.Task
	fails error
}

func (r *recorder) Start(_ context.Context, task executor.Task) error {
	r.tasks = append(r.tasks, task)
	return r.fails
}

func (r *recorder) Recover(ctx context.Context, task executor.Task) error { return r.Start(ctx, task) }

func (r *recorder) Destroy(string) error { return r.fails }

func TestOnlyTheCopyOfAModelIsChanged(t *testing.T) {
	model, _ := convertProse(t, "a")
	before, err := os.ReadFile(model)
	require.NoError(t, err)
	request := filepath.Join(t.TempDir(), "request.json")
	require.NoError(t, os.WriteFile(request, []byte(`{"prompt":"a, b and a text that is longer than a prefix"}`), 0o600))
	task := executor.Task{ID: "1", Inputs: []executor.Input{{Name: "model", Path: model}, {Name: "request.json", Path: request}}}

	inner := &recorder{}
	dir := filepath.Join(t.TempDir(), "flipped")
	liar, err := newFlippingExecutor(inner, dir)
	require.NoError(t, err)
	begin := map[string]func(context.Context, executor.Task) error{"start": liar.Start, "recover": liar.Recover}
	for name, start := range begin {
		t.Run(name, func(t *testing.T) {
			inner.tasks = nil
			require.NoError(t, start(t.Context(), task))
			ran := inner.tasks[0]
			require.Equal(t, request, ran.Inputs[1].Path)
			require.Equal(t, "model", ran.Inputs[0].Name)
			require.Equal(t, 1, differentBits(t, model, ran.Inputs[0].Path))
			require.Equal(t, model, task.Inputs[0].Path)

			require.NoError(t, liar.Destroy("1"))
			require.Empty(t, entries(t, dir))
		})
	}
	after, err := os.ReadFile(model)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestNoCopyIsLeftOfATaskThatDoesNotStart(t *testing.T) {
	model, _ := convertProse(t, "a")
	inner := &recorder{fails: errors.New("busy")}
	dir := filepath.Join(t.TempDir(), "flipped")
	liar, err := newFlippingExecutor(inner, dir)
	require.NoError(t, err)
	task := executor.Task{ID: "1", Inputs: []executor.Input{{Name: "model", Path: model}}}
	require.ErrorIs(t, liar.Start(t.Context(), task), inner.fails)
	require.Len(t, inner.tasks, 1)
	require.Empty(t, entries(t, dir))

	task.Inputs[0].Path = filepath.Join(dir, "missing")
	require.ErrorIs(t, liar.Start(t.Context(), task), os.ErrNotExist)
	require.Len(t, inner.tasks, 1)
}

func entries(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	found, err := os.ReadDir(dir)
	require.NoError(t, err)
	return found
}
