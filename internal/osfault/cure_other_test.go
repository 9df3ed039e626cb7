//go:build !windows

package osfault_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/osfault"
)

func TestEachErrorOfTheSystemHasItsOwnCureAndNoneIsToDelete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	for name, c := range map[string]struct {
		err   error
		class osfault.Class
		says  string
	}{
		"EACCES": {syscall.EACCES, osfault.Permission, "run it as the owner"},
		"EPERM":  {syscall.EPERM, osfault.Permission, "mode 0600"},
		"EROFS":  {syscall.EROFS, osfault.ReadOnly, "remount,rw"},
		"ENOSPC": {syscall.ENOSPC, osfault.NoSpace, "make room"},
		"EDQUOT": {syscall.EDQUOT, osfault.NoSpace, "quota"},
		"EMFILE": {syscall.EMFILE, osfault.TooManyFiles, "LimitNOFILE"},
		"ENFILE": {syscall.ENFILE, osfault.TooManyFiles, "ulimit -n"},
		"EFBIG":  {syscall.EFBIG, osfault.TooLarge, "LimitFSIZE"},
		"ENOMEM": {syscall.ENOMEM, osfault.NoMemory, "memory"},
		"EISDIR": {syscall.EISDIR, osfault.WrongKind, "folder"},
		"ENOLCK": {syscall.ENOLCK, osfault.NoLocks, "a disk of this machine"},
		"EIO":    {syscall.EIO, osfault.Device, "copy what can be read"},
		"ESTALE": {syscall.ESTALE, osfault.Device, "network mount"},
	} {
		wrapped := fmt.Errorf("cannot open: %w", &fs.PathError{Op: "open", Path: path, Err: c.err})
		err := osfault.Explain("", wrapped)
		require.ErrorIs(t, err, c.err, name)
		require.ErrorContains(t, err, c.says, name)
		require.ErrorContains(t, err, path[:4], name)
		require.NotContains(t, err.Error(), "move the file away", name)
		class, known := osfault.Of(err)
		require.True(t, known, name)
		require.Equal(t, c.class, class, name)
	}
}
