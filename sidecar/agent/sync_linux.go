package agent

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncFileSystem writes everything to the disk that waits for it in the file system of a
// folder.
func syncFileSystem(folder string) error {
	file, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(file.Fd())), file.Close())
}
