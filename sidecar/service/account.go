package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/internal/osfault"
)

// Accounts are the accounts of a machine, as far as a service of the system needs them.
type Accounts struct {
	// Lookup returns the user and group of an account; false if it does not exist.
	Lookup func(name string) (uid, gid int, exists bool, err error)
	// Group reports whether a group exists.
	Group func(name string) bool
	// Owner returns user and group of a file, without following a link.
	Owner func(path string) (uid, gid int, err error)
	// Own gives a file to a user and group, without following a link.
	Own func(path string, uid, gid int) error
}

// graphics returns the groups of this machine that may use graphics cards.
func (a Accounts) graphics() []string {
	var groups []string
	for _, name := range []string{"render", "video"} {
		if a.Group(name) {
			groups = append(groups, name)
		}
	}
	return groups
}

// prepare plans what an account of its own needs: that it exists and owns the home.
func (a Accounts) prepare(u Unit, run Run) (Plan, error) {
	if err := u.Validate(); err != nil {
		return nil, err
	}
	uid, _, exists, err := a.Lookup(u.Account)
	if err != nil {
		return nil, fmt.Errorf("cannot look up the account %s: %w", u.Account, err)
	}
	if exists && uid == 0 {
		return nil, fmt.Errorf("expected an account without rights of its own, found %s with the rights of root; choose another --account", u.Account)
	}
	owner, _, err := a.Owner(u.Home)
	if err != nil {
		return nil, fmt.Errorf("cannot look at the home: %w", osfault.Explain(u.Home, err))
	}
	if owner != 0 && (!exists || owner != uid) {
		return nil, fmt.Errorf("expected a home of root or of %s, found %s of another account (%d); run sudo chown -R %s: %s if it is to work for the service, or choose its owner with --account", u.Account, u.Home, owner, u.Account, u.Home)
	}
	var plan Plan
	if !exists {
		create := run.step("create the account yourself, or choose another one with --account", "useradd",
			"--system", "--user-group", "--home-dir", u.Home, "--no-create-home", "--shell", "/usr/sbin/nologin", u.Account)
		create.Undo = func(ctx context.Context) error {
			if _, _, exists, err := a.Lookup(u.Account); err != nil || !exists {
				return err
			}
			_, err := run(ctx, "userdel", u.Account)
			return err
		}
		plan = append(plan, create)
	}
	if owner == 0 {
		plan = append(plan, a.give(u))
	}
	return plan, nil
}

// give returns the step that gives a home of root to the account of the service.
func (a Accounts) give(u Unit) Step {
	type owned struct {
		path     string
		uid, gid int
	}
	var before []owned
	return Step{
		Says: fmt.Sprintf("chown -R %s: %s", u.Account, u.Home),
		Cure: "give the files to the account yourself",
		Do: func(context.Context) error {
			uid, gid, exists, err := a.Lookup(u.Account)
			if err != nil || !exists {
				return errors.Join(err, fmt.Errorf("expected the account %s, found none", u.Account))
			}
			return filepath.WalkDir(u.Home, func(path string, _ fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				oldUID, oldGID, err := a.Owner(path)
				if err != nil {
					return err
				}
				before = append(before, owned{path, oldUID, oldGID})
				return a.Own(path, uid, gid)
			})
		},
		Undo: func(context.Context) error {
			var errs []error
			for _, file := range before {
				if err := a.Own(file.path, file.uid, file.gid); err != nil && !errors.Is(err, os.ErrNotExist) {
					errs = append(errs, err)
				}
			}
			return errors.Join(errs...)
		},
	}
}
