package device

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFreeSpaceIsThatOfTheFoldersDisk(t *testing.T) {
	free, err := FreeBytes(t.TempDir())
	require.NoError(t, err)
	require.Positive(t, free)
	require.Less(t, free, uint64(1)<<62)
	_, err = FreeBytes(filepath.Join(t.TempDir(), "missing"))
	require.ErrorContains(t, err, "missing")
}
