package worker

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	readFile = unix.LANDLOCK_ACCESS_FS_READ_FILE
	readTree = readFile | unix.LANDLOCK_ACCESS_FS_READ_DIR
	execFile = readFile | unix.LANDLOCK_ACCESS_FS_EXECUTE
	// anyFile can be allowed for a file; the rest is for folders.
	anyFile  = execFile | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	execTree = readTree | unix.LANDLOCK_ACCESS_FS_EXECUTE
	// useNode allows to work with a device node.
	useNode = readFile | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	// writeTree does not allow creating links, devices, sockets or pipes.
	writeTree = readTree | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_REFER | unix.LANDLOCK_ACCESS_FS_TRUNCATE
)

// allowance is a file or a folder that a process may use.
type allowance struct {
	path   string
	access uint64
}

// restrictFiles restricts the calling thread and the programs that it executes. They may read
// one folder, write another, and execute this binary with the libraries of the system; more are
// files that they may use if these are there. In addition, they cannot connect to any port, and
// cannot send signals to processes outside.
func restrictFiles(readable, writable string, more []allowance) error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return fmt.Errorf("the kernel has no Landlock, or it is switched off (lsm= of the kernel's command line): %w", errno)
	}
	attr, size := handled(version)
	rules, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0) //nolint:gosec // the kernel copies it
	if errno != 0 {
		return fmt.Errorf("landlock: make rules: %w", errno)
	}
	defer unix.Close(int(rules)) //nolint:errcheck // it is in force, or the process is given up
	allow := func(path string, access uint64) error {
		return allowBeneath(int(rules), path, access&attr.Handled_access_fs)
	}
	self, err := ownBinary("linux")
	if err != nil {
		return err
	}
	err = errors.Join(allow(readable, readTree), allow(writable, writeTree), allow(self, execFile))
	for _, path := range libraries(self) {
		more = append(more, allowance{path, execTree})
	}
	for _, a := range more {
		access := a.access
		if info, statErr := os.Stat(a.path); statErr == nil && !info.IsDir() {
			access &= anyFile
		}
		if found := allow(a.path, access); !errors.Is(found, fs.ErrNotExist) {
			err = errors.Join(err, found)
		}
	}
	if err != nil {
		return fmt.Errorf("landlock: allow the files of the task: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0); errno != 0 {
		return fmt.Errorf("landlock: restrict: %w", errno)
	}
	return nil
}

// handled returns everything that a version of the kernel's interface can refuse, and how much
// of the structure that version knows.
func handled(version uintptr) (unix.LandlockRulesetAttr, uintptr) {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_REFER - 1}
	size := unsafe.Offsetof(attr.Handled_access_net)
	if version >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size = unsafe.Offsetof(attr.Scoped)
	}
	if version >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
		size = unsafe.Offsetof(attr.Quiet_access_fs)
	}
	return attr, size
}

func allowBeneath(rules int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)                                                               //nolint:errcheck // nothing was written
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)} //nolint:gosec // a descriptor
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 { //nolint:gosec // the kernel copies it
		return &fs.PathError{Op: "allow", Path: path, Err: errno}
	}
	return nil
}

// libraries returns the paths at which a dynamically linked binary finds its libraries. A
// statically linked binary does not need any.
func libraries(binary string) []string {
	file, err := elf.Open(binary)
	if err != nil {
		return nil
	}
	defer file.Close() //nolint:errcheck // read only
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			return []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"}
		}
	}
	return nil
}
