package osfault

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Lock waits until no other process has locked a file, which it makes if there is none. The system ends the lock of a
// process that ends.
func Lock(path string) (unlock func() error, err error) {
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
