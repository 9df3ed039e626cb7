package device

import (
	"fmt"
	"syscall"
)

// FreeBytes returns how many bytes this user may still write on the disk that contains a
// folder.
func FreeBytes(path string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, fmt.Errorf("cannot read the free space of %s: %w", path, err)
	}
	return stat.Bavail * uint64(max(stat.Bsize, 0)), nil //nolint:gosec // not negative
}
