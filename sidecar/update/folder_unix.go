//go:build !windows

package update

import (
	"errors"
	"os"
)

// syncFolder has the names of files in a folder on the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
