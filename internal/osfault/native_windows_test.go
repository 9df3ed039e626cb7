package osfault_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"

	"github.com/thetaedge/theta/internal/osfault"
)

func TestEachErrorOfWindowsHasItsOwnCure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	for code, c := range map[syscall.Errno]struct {
		class osfault.Class
		says  string
	}{
		windows.ERROR_ACCESS_DENIED:        {osfault.Permission, "icacls"},
		windows.ERROR_WRITE_PROTECT:        {osfault.ReadOnly, "write-protected"},
		windows.ERROR_DISK_FULL:            {osfault.NoSpace, "make room"},
		windows.ERROR_HANDLE_DISK_FULL:     {osfault.NoSpace, "make room"},
		windows.ERROR_DISK_QUOTA_EXCEEDED:  {osfault.NoSpace, "quota"},
		windows.ERROR_TOO_MANY_OPEN_FILES:  {osfault.TooManyFiles, "end other programs"},
		windows.ERROR_FILE_TOO_LARGE:       {osfault.TooLarge, "NTFS"},
		windows.ERROR_COMMITMENT_LIMIT:     {osfault.NoMemory, "paging file"},
		windows.ERROR_DIRECTORY:            {osfault.WrongKind, "folder"},
		windows.ERROR_SHARING_VIOLATION:    {osfault.InUse, "another program"},
		windows.ERROR_LOCK_VIOLATION:       {osfault.InUse, "another program"},
		windows.ERROR_VIRUS_INFECTED:       {osfault.Scanned, "virus scanner"},
		windows.ERROR_CRC:                  {osfault.Device, "copy what can be read"},
		windows.ERROR_BAD_NETPATH:          {osfault.Device, "network drive"},
		windows.ERROR_DEVICE_NOT_CONNECTED: {osfault.Device, "copy what can be read"},
	} {
		err := osfault.Explain("", &fs.PathError{Op: "open", Path: path, Err: code})
		require.ErrorIs(t, err, code, code.Error())
		require.ErrorContains(t, err, c.says, code.Error())
		class, known := osfault.Of(err)
		require.True(t, known, code.Error())
		require.Equal(t, c.class, class, code.Error())
	}
}

func TestAFileThatAnotherProgramDoesNotShareIsSaidToBeInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	name, err := windows.UTF16PtrFromString(path)
	require.NoError(t, err)
	alone, err := windows.CreateFile(name, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0)
	require.NoError(t, err)
	_, err = os.Open(path)
	require.ErrorContains(t, osfault.Explain(path, err), "another program has "+path+" open")
	require.NoError(t, windows.CloseHandle(alone))
}
