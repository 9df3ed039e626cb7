package privatetest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"

	"github.com/thetaedge/theta/internal/private"
)

// Cure is the command that closes a file to other users.
const Cure = "icacls"

// Open lets all users of the machine read a file.
func Open(t *testing.T, path string) {
	t.Helper()
	list, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;WD)")
	require.NoError(t, err)
	rights, _, err := list.DACL()
	require.NoError(t, err)
	require.NoError(t, windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, rights, nil))
}

// Share lets all users of the machine use a folder and the files in it.
func Share(t *testing.T, path string) {
	t.Helper()
	Open(t, path)
}

// RequireAlone requires that no other user can use a file or folder.
func RequireAlone(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, private.Check(path))
}
