//go:build !windows

package private_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

const cure = "chmod 600"

// open lets all users of the machine read a file.
func open(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.Chmod(path, 0o644))
}

// isolated requires that no other user can use a folder.
func isolated(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077)
}

// share lets all users of the machine look into a folder.
func share(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.Chmod(path, 0o755))
}
