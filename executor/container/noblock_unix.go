//go:build unix

package container

import (
	"io/fs"
	"syscall"
)

// noBlock has an open of a pipe return at once.
const noBlock = syscall.O_NONBLOCK

// mayOpen returns the number of files that a process of this user may have open. An engine that is started in the
// same way cannot allow more.
func mayOpen() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int64(min(limit.Max, 1<<31))
}

// allocated returns the space in bytes that a file takes on the disk, or 0 if that is not known.
func allocated(info fs.FileInfo) uint64 {
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0
	}
	return uint64(max(stat.Blocks, 0)) * 512
}
