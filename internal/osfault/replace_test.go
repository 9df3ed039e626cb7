package osfault_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/osfault"
)

func TestAFileIsReplacedAsSoonAsItsReaderHasClosedIt(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "settings of Jörg.new"), filepath.Join(dir, "settings of Jörg")
	require.NoError(t, os.WriteFile(from, []byte("new"), 0o600))
	require.NoError(t, os.WriteFile(to, []byte("old"), 0o600))
	reader, err := os.Open(to)
	require.NoError(t, err)
	replaced := make(chan error, 1)
	go func() { replaced <- osfault.ReplaceWithin(from, to, time.Minute) }()
	content := make([]byte, 3)
	_, err = reader.Read(content)
	require.NoError(t, err)
	require.Equal(t, "old", string(content), "the reader has the file that it opened")
	require.NoError(t, reader.Close())
	require.NoError(t, <-replaced)
	raw, err := osfault.Read(to)
	require.NoError(t, err)
	require.Equal(t, "new", string(raw))
	require.NoFileExists(t, from)
}

func TestAReplacementThatCannotSucceedIsRefused(t *testing.T) {
	dir := t.TempDir()
	require.ErrorIs(t, osfault.Replace(filepath.Join(dir, "none"), filepath.Join(dir, "file")), os.ErrNotExist)
	_, err := osfault.Read(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
