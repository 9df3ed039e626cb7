package private_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/private"
	"github.com/thetaedge/theta/internal/private/privatetest"
)

func TestAFileThatWasClosedToOthersPassesTheCheck(t *testing.T) {
	dir := t.TempDir()
	privatetest.Share(t, dir)
	path := filepath.Join(dir, "a secret of Jörg")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o644))
	require.NoError(t, private.File(path))
	require.NoError(t, private.Check(path))
	raw, err := os.ReadFile(path)
	require.NoError(t, err, "the owner still reads it")
	require.Equal(t, "x", string(raw))
	require.NoError(t, os.Remove(path))
}

func TestAFileThatOthersCanReadIsRefusedWithTheCommandThatClosesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	privatetest.Open(t, path)
	err := private.Check(path)
	require.ErrorContains(t, err, "expected a file that only its owner can read, found")
	require.ErrorContains(t, err, privatetest.Cure)
}

func TestANewFolderIsForThisUserAlone(t *testing.T) {
	dir := t.TempDir()
	privatetest.Share(t, dir)
	path := filepath.Join(dir, "above", "home of Jörg")
	require.NoError(t, private.Folder(path))
	require.NoError(t, private.Folder(path), "it may exist")
	privatetest.RequireAlone(t, path)
	require.NoError(t, os.WriteFile(filepath.Join(path, "key"), []byte("x"), 0o600))
	require.NoError(t, private.Check(filepath.Join(path, "key")))
}

func TestAFileThatIsMissingIsSaidToBeMissing(t *testing.T) {
	require.ErrorIs(t, private.Check(filepath.Join(t.TempDir(), "none")), os.ErrNotExist)
}
