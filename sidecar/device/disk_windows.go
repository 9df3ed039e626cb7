package device

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// FreeBytes returns how many bytes this user may still write on the disk that contains a
// folder.
func FreeBytes(path string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("cannot read the free space at %s: %w", path, err)
	}
	return free, nil
}
