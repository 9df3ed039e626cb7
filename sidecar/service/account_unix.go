//go:build unix

package service

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// localAccounts returns the accounts of this machine.
func localAccounts() Accounts {
	return Accounts{
		Lookup: func(name string) (int, int, bool, error) {
			found, err := user.Lookup(name)
			if unknown := user.UnknownUserError(""); errors.As(err, &unknown) {
				return 0, 0, false, nil
			}
			if err != nil {
				return 0, 0, false, err
			}
			uid, err1 := strconv.Atoi(found.Uid)
			gid, err2 := strconv.Atoi(found.Gid)
			return uid, gid, true, errors.Join(err1, err2)
		},
		Group: func(name string) bool {
			_, err := user.LookupGroup(name)
			return err == nil
		},
		Owner: func(path string) (int, int, error) {
			status, err := os.Lstat(path)
			if err != nil {
				return 0, 0, err
			}
			system, ok := status.Sys().(*syscall.Stat_t)
			if !ok {
				return 0, 0, fmt.Errorf("the system does not say who owns %s", path)
			}
			return int(system.Uid), int(system.Gid), nil
		},
		Own: os.Lchown,
	}
}
