//go:build !windows

package web

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// letOthersRead lets all users of the machine read a file.
func letOthersRead(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.Chmod(path, 0o644))
}
