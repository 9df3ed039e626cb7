package private_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"

	"github.com/thetaedge/theta/internal/private"
)

const cure = "icacls"

// open lets all users read a file or folder.
func open(t *testing.T, path string) {
	t.Helper()
	list, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;WD)")
	require.NoError(t, err)
	rights, _, err := list.DACL()
	require.NoError(t, err)
	require.NoError(t, windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, rights, nil))
}

// isolated requires that no other user can use a folder.
func isolated(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, private.Check(path))
}

func TestAFolderInWhichOthersCouldReadNewFilesIsNoHome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared")
	require.NoError(t, os.Mkdir(path, 0o755)) //nolint:gosec // shared is the case of the test
	open(t, path)
	err := private.Folder(path)
	require.ErrorContains(t, err, "expected a folder that only this user can read, found")
	require.ErrorContains(t, err, "(OI)(CI)F")
}

// share lets all users of the machine use a folder and the files in it.
func share(t *testing.T, path string) { open(t, path) }
