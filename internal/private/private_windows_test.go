package private_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/private"
	"github.com/thetaedge/theta/internal/private/privatetest"
)

func TestAFolderInWhichOthersCouldReadNewFilesIsNoHome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared")
	require.NoError(t, os.Mkdir(path, 0o755)) //nolint:gosec // shared is the case of the test
	privatetest.Open(t, path)
	err := private.Folder(path)
	require.ErrorContains(t, err, "expected a folder that only this user can read, found")
	require.ErrorContains(t, err, "(OI)(CI)F")
}
