package device

import "golang.org/x/sys/windows"

// FreeBytes returns how many bytes this user may still write on the disk that contains a
// folder.
func FreeBytes(path string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, err
}
