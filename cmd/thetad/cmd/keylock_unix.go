//go:build unix

package cmd

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// tryLock takes the lock on a file for as long as the file is open. It returns errHeld if
// another program holds the lock.
func tryLock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%w: %s", errHeld, file.Name())
	}
	return err
}
