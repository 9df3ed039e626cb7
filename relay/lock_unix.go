//go:build unix

package relay

import (
	"errors"
	"os"
	"syscall"
)

// lockAt opens a folder and locks it, without a file, which a full disk would not take.
func lockAt(root string) (*os.File, error) {
	folder, err := os.Open(root)
	if err != nil {
		return nil, err
	}
	if err := flock(folder); err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return folder, nil
}

// flock locks a file or folder for this process, without waiting. The system gives the lock back
// when the process ends, however it ends.
func flock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errTaken
	}
	if errors.Is(err, syscall.EBADF) {
		// A network file system that locks only what is open for writing, which a folder
		// never is.
		return syscall.ENOLCK
	}
	return err
}
