package wasm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
)

// TestAPanicOfTheCompilerIsAnErrorForAllThatWait checks that a task that needs the same
// program later does not wait forever.
func TestAPanicOfTheCompilerIsAnErrorForAllThatWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte("program"), 0o600))
	p := newPrograms(1<<20, nil, nil)
	p.compile = func([]byte, int) (*program, error) { panic("unforeseen") }
	for range 2 {
		_, err := p.load(t.Context(), path, 0)
		require.ErrorContains(t, err, "compiler panicked: unforeseen")
	}
}

// TestStartDoesNotWaitForTheCompiler checks that the start of a task does not include the
// compilation. The time of a compilation depends on the program, so a caller that limits the
// time of a start must not limit the compilation with it.
func TestStartDoesNotWaitForTheCompiler(t *testing.T) {
	e, err := New(Config{Slots: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	compiling, done := make(chan struct{}), make(chan struct{})
	e.programs.compile = func([]byte, int) (*program, error) {
		close(compiling)
		<-done
		return nil, errors.New("compiled in the end")
	}
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte("program"), 0o600))
	task := executor.Task{ID: "task", ProgramPath: path, Fuel: 1, MemoryBytes: PageBytes, OutputFiles: 1, OutputDir: filepath.Join(t.TempDir(), "out")}
	require.NoError(t, e.Start(t.Context(), task))
	<-compiling
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.Wait(ctx, "task")
	require.ErrorIs(t, err, context.Canceled, "it has begun, and runs")
	close(done)
	_, err = e.Wait(t.Context(), "task")
	require.ErrorContains(t, err, "compiled in the end")
}
