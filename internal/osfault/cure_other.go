//go:build !windows

package osfault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// native knows no errors beyond those that systems share.
func native(error) (Class, bool) { return "", false }

// cure returns what the owner of the machine can do.
func cure(class Class, path string, err error) string {
	switch class {
	case Permission:
		return permissionCure(path)
	case ReadOnly:
		mount := mountOf(path)
		return fmt.Sprintf("the file system at %s is mounted read-only; if it was writable before, the kernel has found errors on the disk (dmesg tells): check it, then run mount -o remount,rw %s. The file is as it was", mount, mount)
	case NoSpace:
		return spaceCure(path, err)
	case TooManyFiles:
		return fmt.Sprintf("this process may have %s files open; raise the limit with ulimit -n, or LimitNOFILE= in the unit of systemd. The file is as it was", openLimit())
	case TooLarge:
		return "this process may not write files of that size; raise the limit with ulimit -f, or LimitFSIZE= in the unit of systemd"
	case NoMemory:
		return "the machine has no memory for it; end other programs, or raise the limit of this one"
	case WrongKind:
		return fmt.Sprintf("look at %s and the folders above it: one of them is a file where a folder was expected, or a folder where a file was", path)
	case NoLocks:
		return fmt.Sprintf("the file system at %s does not do what was asked, such as locking files; use a folder on a disk of this machine", mountOf(path))
	case InUse:
		return "another program uses " + path + "; end it"
	case Scanned:
		return "a virus scanner refuses " + path + "; look into its list of findings"
	case Device:
		return fmt.Sprintf("the disk or the network mount at %s failed (dmesg tells); copy what can be read to another disk before anything else", mountOf(path))
	}
	return ""
}

// permissionCure names the first folder or file on the way to path that keeps this user out.
func permissionCure(path string) string {
	who := user(os.Geteuid())
	for at := path; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			if parent := filepath.Dir(at); parent != at {
				continue
			}
		}
		if err != nil {
			return "this user may not use " + path + "; run the program as the user who owns it"
		}
		return fmt.Sprintf("%s belongs to %s with mode %#o, and this program runs as %s; run it as the owner, or give it to this user (chown). The file is as it was",
			at, ownerOf(info), info.Mode().Perm(), who)
	}
}

func spaceCure(path string, err error) string {
	mount := mountOf(path)
	if errors.Is(err, syscall.EDQUOT) {
		return fmt.Sprintf("the quota of this user at %s is used up; make room there, or ask for a larger one", mount)
	}
	free, inodes, known := freeAt(mount)
	switch {
	case !known:
		return fmt.Sprintf("the disk at %s is full; make room there", mount)
	case inodes == 0:
		return fmt.Sprintf("the file system at %s has no inodes left (df -i shows it); make room there, or use a file system with more", mount)
	default:
		return fmt.Sprintf("%d bytes are free at %s; make room there. What was on disk before is as it was", free, mount)
	}
}
