package osfault

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// native returns the class of an error of Windows. The names of other systems that package syscall
// also has on Windows are numbers of its own, which Windows never answers.
func native(err error) (Class, bool) {
	var code syscall.Errno
	if !errors.As(err, &code) {
		return "", false
	}
	switch code {
	case windows.ERROR_WRITE_PROTECT:
		return ReadOnly, true
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED, windows.ERROR_DISK_TOO_FRAGMENTED:
		return NoSpace, true
	case windows.ERROR_TOO_MANY_OPEN_FILES:
		return TooManyFiles, true
	case windows.ERROR_FILE_TOO_LARGE:
		return TooLarge, true
	case windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_OUTOFMEMORY, windows.ERROR_COMMITMENT_LIMIT, windows.ERROR_NO_SYSTEM_RESOURCES:
		return NoMemory, true
	case windows.ERROR_DIRECTORY:
		return WrongKind, true
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_USER_MAPPED_FILE:
		return InUse, true
	case windows.ERROR_VIRUS_INFECTED, windows.ERROR_VIRUS_DELETED:
		return Scanned, true
	case windows.ERROR_CRC, windows.ERROR_IO_DEVICE, windows.ERROR_NOT_READY, windows.ERROR_DEV_NOT_EXIST, windows.ERROR_BAD_NETPATH,
		windows.ERROR_NETNAME_DELETED, windows.ERROR_UNEXP_NET_ERR, windows.ERROR_SEM_TIMEOUT, windows.ERROR_FILE_CORRUPT,
		windows.ERROR_DISK_CORRUPT, windows.ERROR_DEVICE_NOT_CONNECTED, windows.ERROR_SEEK, windows.ERROR_READ_FAULT, windows.ERROR_WRITE_FAULT:
		return Device, true
	}
	return "", false
}
