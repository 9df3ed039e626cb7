package osfault

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// freeAt returns the bytes and the inodes that a user can still take.
func freeAt(path string) (bytes, inodes uint64, known bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, 0, false
	}
	inodes = stat.Ffree
	if stat.Files == 0 {
		inodes = 1 // a file system that does not count inodes
	}
	return stat.Bavail * uint64(stat.Bsize), inodes, true //nolint:gosec,unconvert,nolintlint // positive
}

// Free returns the number of bytes that a user can still write at path. The second result is
// false if the system does not report it.
func Free(path string) (uint64, bool) {
	bytes, _, known := freeAt(path)
	return bytes, known
}

// mountPoint returns the folder at which the file system of a path is mounted, according to
// the kernel's list, or "" if it is not listed. A folder that is mounted in another place has
// the same device number.
func mountPoint(path string) string {
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer mounts.Close() //nolint:errcheck // read only
	longest := ""
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		// 36 35 98:0 /root /mount/point rw - ext4 /dev/sda rw
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		at := strings.ReplaceAll(fields[4], `\040`, " ")
		below := path == at || at == "/" || strings.HasPrefix(path, at+"/")
		if below && len(at) >= len(longest) {
			longest = at
		}
	}
	return longest
}

// Holder returns the name of the process that has locked a file, such as "process 123
// (thetaedge)", or "" if the system does not report it.
func Holder(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return ""
	}
	defer locks.Close() //nolint:errcheck // read only
	inode := strconv.FormatUint(stat.Ino, 10)
	for lines := bufio.NewScanner(locks); lines.Scan(); {
		// 1: FLOCK  ADVISORY  WRITE 708 00:2f:1234 0 EOF
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || fields[1] == "->" || !strings.HasSuffix(fields[5], ":"+inode) {
			continue
		}
		name, err := os.ReadFile("/proc/" + fields[4] + "/comm")
		if err != nil {
			return "process " + fields[4]
		}
		return fmt.Sprintf("process %s (%s)", fields[4], strings.TrimSpace(string(name)))
	}
	return ""
}
