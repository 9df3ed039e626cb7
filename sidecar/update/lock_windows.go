package update

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock waits until no other process has locked a file. The system ends the lock of a process that ends.
func lock(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows.Overlapped{})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}

// syncFolder does nothing: Windows writes the names of files by itself.
func syncFolder(string) error { return nil }
