//go:build !windows

package privatetest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Cure is the command that closes a file to other users.
const Cure = "chmod 600"

// Open lets all users of the machine read a file.
func Open(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.Chmod(path, 0o644)) //nolint:gosec // the rights that a test is about
}

// Share lets all users of the machine look into a folder.
func Share(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.Chmod(path, 0o755)) //nolint:gosec // the rights that a test is about
}

// RequireAlone requires that no other user can use a file or folder.
func RequireAlone(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077)
}
