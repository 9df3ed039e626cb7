package worker

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// On other systems a stranger may make a file of the name that Linux has for the running
// image, and the daemon would execute it.
func TestOnlyLinuxIsAskedForTheRunningImage(t *testing.T) {
	own, err := os.Executable()
	require.NoError(t, err)
	for _, system := range []string{"windows", "darwin", "freebsd"} {
		found, err := ownBinary(system)
		require.NoError(t, err)
		require.Equal(t, own, found, system)
	}
}
