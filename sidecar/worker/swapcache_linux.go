package worker

import (
	"os"

	"golang.org/x/sys/unix"
)

// dropCache gives back the memory in which the system keeps the content of a file that is on the disk. The system
// would give it to other programs that need it anyway, so that an error makes no difference.
func dropCache(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
