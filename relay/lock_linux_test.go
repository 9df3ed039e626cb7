package relay

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/osfault"
)

// openPath opens a path alone, without its content.
const openPath = 0x200000

func TestAFolderThatCannotBeLockedIsSaidToBeOne(t *testing.T) {
	// A path alone cannot be locked, like a folder on a network mount.
	folder, err := os.OpenFile(t.TempDir(), openPath, 0)
	require.NoError(t, err)
	class, system := osfault.Of(flock(folder))
	require.True(t, system)
	require.Equal(t, osfault.NoLocks, class)
	require.NoError(t, folder.Close())
}
