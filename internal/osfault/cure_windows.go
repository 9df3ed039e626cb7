package osfault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// cure returns what the owner of the machine can do.
func cure(class Class, path string, err error) string {
	volume := volumeOf(path)
	switch class {
	case Permission:
		return permissionCure(path)
	case ReadOnly:
		return fmt.Sprintf("the disk %s is write-protected; remove the protection, or use a folder on another disk. The file is as it was", volume)
	case NoSpace:
		if errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED) {
			return fmt.Sprintf("the quota of this user on %s is used up; make room there, or ask for a larger one", volume)
		}
		if free, known := Free(path); known {
			return fmt.Sprintf("%d bytes are free on %s; make room there. What was on disk before is as it was", free, volume)
		}
		return fmt.Sprintf("the disk %s is full; make room there", volume)
	case TooManyFiles:
		return "this process has as many files open as Windows allows; end other programs. The file is as it was"
	case TooLarge:
		return fmt.Sprintf("the file system of %s holds no files of that size, as FAT32 does; use a folder on a disk with NTFS", volume)
	case NoMemory:
		return "the machine has no memory for it; end other programs, or make the paging file larger"
	case WrongKind:
		return fmt.Sprintf("look at %s and the folders above it: one of them is a file where a folder was expected, or a folder where a file was", path)
	case NoLocks:
		return fmt.Sprintf("the file system of %s does not do what was asked, such as locking files; use a folder on a disk of this machine", volume)
	case Device:
		return fmt.Sprintf("the disk or the network drive %s failed; copy what can be read to another disk before anything else, then run chkdsk", volume)
	case InUse:
		return fmt.Sprintf("another program has %s open, such as a second thetaedge, a backup, an editor or a virus scanner; end it, or exempt the folder from it. The file is as it was", path)
	case Scanned:
		return fmt.Sprintf("the virus scanner of this machine refuses %s; look at its list of findings, and exempt the home of thetaedge if it is mistaken", path)
	}
	return ""
}

// permissionCure names the first folder or file on the way to path that exists.
func permissionCure(path string) string {
	at := path
	for {
		if _, err := os.Lstat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	return fmt.Sprintf("this user may not use %s, or another program has it open; icacls \"%s\" shows who may use it: run the program as such a user, or give this user the right there. The file is as it was", path, at)
}

// volumeOf returns the drive or the network share of a path.
func volumeOf(path string) string {
	if at, err := filepath.Abs(path); err == nil {
		path = at
	}
	if volume := filepath.VolumeName(path); volume != "" {
		return volume
	}
	return path
}

// Free returns the number of bytes that a user can still write at path, or in the nearest folder above it
// that exists. The second result is false if the system does not report it.
func Free(path string) (uint64, bool) {
	for at := path; ; at = filepath.Dir(at) {
		var free uint64
		if name, err := windows.UTF16PtrFromString(at); err == nil && windows.GetDiskFreeSpaceEx(name, &free, nil, nil) == nil {
			return free, true
		}
		if filepath.Dir(at) == at {
			return 0, false
		}
	}
}

// Holder returns the name of the process that has locked a file, or "" if the system does not
// report it.
func Holder(string) string { return "" }
