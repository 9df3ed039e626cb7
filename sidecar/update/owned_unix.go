//go:build !windows

package update

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// owned refuses a program that another user could change between the check and its start.
func owned(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("expected a plain file at %s, found %s", path, info.Mode().Type())
	}
	if found, is := info.Sys().(*syscall.Stat_t); is && int(found.Uid) != os.Geteuid() {
		return fmt.Errorf("expected a program that belongs to this user (uid %d) at %s, found one of uid %d; start the daemon as that user", os.Geteuid(), path, found.Uid)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("expected a program that only its owner may change at %s, found mode %04o", path, info.Mode().Perm())
	}
	return nil
}
