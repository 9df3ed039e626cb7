package osfault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/osfault"
)

func TestWhatIsNoErrorOfTheSystemStaysAsItIs(t *testing.T) {
	require.NoError(t, osfault.Explain("/x", nil))
	other := errors.New("checksum error")
	require.Equal(t, other, osfault.Explain("/x", other))
	require.Equal(t, fs.ErrNotExist, osfault.Explain("/x", fs.ErrNotExist))
	refused := fmt.Errorf("dial: %w", syscall.EACCES)
	require.Equal(t, refused, osfault.Explain("", refused), "no file is named")
}

func TestACureIsToldOnce(t *testing.T) {
	once := osfault.Explain("/x", syscall.EROFS)
	require.Equal(t, once, osfault.Explain("/y", once))
}

func TestACopyOfADamagedFileIsMadeOnceAndHoldsTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("what is left"), 0o600))
	first, err := osfault.Keep(path)
	require.NoError(t, err)
	second, err := osfault.Keep(path)
	require.NoError(t, err)
	require.Equal(t, first, second)
	kept, err := os.ReadFile(first)
	require.NoError(t, err)
	require.Equal(t, "what is left", string(kept))
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.NoError(t, os.WriteFile(path, []byte("damaged otherwise"), 0o600))
	third, err := osfault.Keep(path)
	require.NoError(t, err)
	require.NotEqual(t, first, third)
}
