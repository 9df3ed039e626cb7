package osfault

import "errors"

// Locked calls do while no other process, and no other call of this one, holds the lock of a file. It explains why the
// file cannot be locked.
func Locked(path string, do func() error) (err error) {
	unlock, err := Lock(path)
	if err != nil {
		return Explain(path, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return do()
}
