package executors

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget makes the system drop its cache of a file that was written completely.
func forget(path string) error {
	return withFile(path, func(file *os.File, _ int64) error {
		return unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
}
