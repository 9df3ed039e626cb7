//go:build unix

package osfault

import (
	"fmt"
	"io/fs"
	"os"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// user returns the name of a user id.
func user(id int) string {
	if found, err := osuser.LookupId(strconv.Itoa(id)); err == nil {
		return fmt.Sprintf("%s (uid %d)", found.Username, id)
	}
	return fmt.Sprintf("uid %d", id)
}

func ownerOf(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return user(int(stat.Uid))
	}
	return "somebody else"
}

// mountOf returns the folder at which the file system of path begins. If path does not exist,
// mountOf uses the nearest folder above it that does.
func mountOf(path string) string {
	at, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	info, err := os.Stat(at)
	for err != nil && at != filepath.Dir(at) {
		at = filepath.Dir(at)
		info, err = os.Stat(at)
	}
	if err != nil {
		return path
	}
	if mounted := mountPoint(at); mounted != "" {
		return mounted
	}
	for at != filepath.Dir(at) {
		above, err := os.Stat(filepath.Dir(at))
		if err != nil || deviceOf(above) != deviceOf(info) {
			break
		}
		at = filepath.Dir(at)
	}
	return at
}

func deviceOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev) //nolint:gosec,unconvert,nolintlint // of another type on other systems
	}
	return 0
}

// openLimit returns how many files this process may have open.
func openLimit() string {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return "no more"
	}
	return fmt.Sprintf("at most %d", limit.Cur)
}
