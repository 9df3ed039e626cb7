//go:build !windows

package private

import (
	"fmt"
	"os"
)

// others are the permissions of a file that another user could read or change.
const others = 0o077

// Check returns an error if another user could read or change a file, with what to do.
func Check(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&others != 0 {
		return fmt.Errorf("%s: expected a file that only its owner can read, found mode %s; run chmod 600 on it", path, mode)
	}
	return nil
}

// checkFolder accepts every folder, because files have modes of their own.
func checkFolder(string) error { return nil }

func enclose(path string, folder bool) error {
	if folder {
		return nil // it was created in this way
	}
	return os.Chmod(path, 0o600)
}
