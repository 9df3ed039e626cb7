package worker

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOnlyLinuxIsAskedForTheRunningImage: on other systems, another user can create a file
// with the name that Linux uses for the running image, and the daemon would execute it.
func TestOnlyLinuxIsAskedForTheRunningImage(t *testing.T) {
	own, err := os.Executable()
	require.NoError(t, err)
	for _, system := range []string{"windows", "darwin", "freebsd"} {
		found, err := ownBinary(system)
		require.NoError(t, err)
		require.Equal(t, own, found, system)
	}
}
