package osfault

import (
	"errors"
	"os"
)

// WriteFile replaces a file, which only this user may read, with one that is on disk as a whole, also if the
// power fails. It returns the errors of the operating system.
func WriteFile(path string, content []byte) error {
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return Replace(path+".new", path)
}
