package wasm

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever needs the same program later must not wait for ever.
func TestAPanicOfTheCompilerIsAnErrorForAllThatWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte("program"), 0o600))
	p := newPrograms(1<<20, nil)
	p.compile = func([]byte, int) (*program, error) { panic("unforeseen") }
	for range 2 {
		_, err := p.load(t.Context(), path, 0)
		require.ErrorContains(t, err, "compiler panicked: unforeseen")
	}
}
