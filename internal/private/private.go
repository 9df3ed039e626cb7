// Package private keeps files of this user from the other users of the machine: by the mode of files
// or, on Windows, by their access control lists.
package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/thetaedge/theta/internal/osfault"
)

// Folder creates a folder, and those above it that are missing, that only this user can use. It does not
// change the rights of a folder that exists, and refuses one in which other users could read new files.
func Folder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return checkFolder(path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return osfault.Explain(path, err)
	}
	err := os.MkdirAll(path, 0o700)
	if err == nil {
		err = enclose(path, true)
	}
	if err != nil {
		return fmt.Errorf("cannot create a folder for this user alone: %w", osfault.Explain(path, err))
	}
	return nil
}

// File lets only this user use a file. It is called before a secret is
// written into the file.
func File(path string) error {
	if err := enclose(path, false); err != nil {
		return fmt.Errorf("cannot keep %s from other users: %w", path, osfault.Explain(path, err))
	}
	return nil
}
