package main

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/tests/devnet"
)

// honest is an executor that has computed one file.
type honest struct {
	executor.Executor
	result executor.Result
}

func (h honest) Start(_ context.Context, task executor.Task) error {
	return os.WriteFile(filepath.Join(task.OutputDir, "text.txt"), []byte("truth"), 0o600)
}

func (h honest) Wait(context.Context, string) (executor.Result, error) { return h.result, nil }

func TestTheLieIsConsistentAndTheSameForEveryCaller(t *testing.T) {
	truth := executor.Result{Profile: "wasm/1", Reason: manifest.ReasonExited, Outputs: []executor.File{
		{Path: "text.txt", Size: 5, SHA256: sha256.Sum256([]byte("truth"))},
	}}
	home := t.TempDir()
	liar := newLyingExecutor(honest{result: truth}, devnet.NewConfession(home))
	dir := t.TempDir()
	require.NoError(t, liar.Start(t.Context(), executor.Task{ID: "1", OutputDir: dir}))
	first, err := liar.Wait(t.Context(), "1")
	require.NoError(t, err)
	second, err := liar.Wait(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, first, second)

	content, err := os.ReadFile(filepath.Join(dir, "text.txt"))
	require.NoError(t, err)
	require.Equal(t, "truth"+lie, string(content))
	require.Equal(t, sha256.Sum256(content), first.Outputs[0].SHA256)
	was, err := truth.Digest()
	require.NoError(t, err)
	is, err := first.Digest()
	require.NoError(t, err)
	require.NotEqual(t, was, is)

	told, err := os.ReadFile(filepath.Join(home, "lies.jsonl"))
	require.NoError(t, err)
	require.JSONEq(t, `{"task":"1","lie":"alters the text"}`, string(told), "told once")

	silent := newLyingExecutor(honest{result: executor.Result{Profile: "wasm/1", Reason: manifest.ReasonExited}}, devnet.NewConfession(t.TempDir()))
	require.NoError(t, silent.Start(t.Context(), executor.Task{ID: "2", OutputDir: t.TempDir()}))
	claimed, err := silent.Wait(t.Context(), "2")
	require.NoError(t, err)
	require.EqualValues(t, 1, claimed.ExitCode)
}
