// Package osfault explains errors of the operating system in words, and says what the owner
// of the machine can do about them. An effect of a full disk or a wrong owner must not be
// mistaken for a damaged file, because the cure of one destroys the other.
package osfault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Class is a kind of error of the operating system. Each has a cure of its own.
type Class string

// The classes.
const (
	// Permission: the owner or the mode of a file or folder keeps this user out.
	Permission Class = "permission denied"
	// ReadOnly: the file system does not accept writes.
	ReadOnly Class = "read-only file system"
	// NoSpace: the disk, its inodes or the user's quota are used up.
	NoSpace Class = "no space left"
	// TooManyFiles: the process, or the machine, has as many files open as it may have.
	TooManyFiles Class = "too many open files"
	// TooLarge: the process may not write files of this size.
	TooLarge Class = "file size limit"
	// NoMemory: the machine does not have enough memory.
	NoMemory Class = "no memory"
	// WrongKind: a file is in the place of a folder, or a folder in the place of a file.
	WrongKind Class = "not the kind of file that was expected"
	// NoLocks: the file system cannot lock files.
	NoLocks Class = "no locks"
	// Device: the disk or the network mount failed to read or write.
	Device Class = "input or output error"
	// InUse: another program has a file open and does not share it, which only Windows knows.
	InUse Class = "in use by another program"
	// Scanned: a virus scanner of Windows keeps a file from all programs.
	Scanned Class = "refused by a virus scanner"
)

// Fault is an error of the operating system with its cure.
type Fault struct {
	// Class of the error.
	Class Class
	// Path of the operation.
	Path string
	// Cure in words.
	Cure string
	// Err is the error of the operating system.
	Err error
}

// Error implements error.
func (f *Fault) Error() string { return fmt.Sprintf("%v: %s", f.Err, f.Cure) }

// Unwrap returns the error of the operating system.
func (f *Fault) Unwrap() error { return f.Err }

// Of returns the class of an error. The second result is false if the error does not come
// from the operating system.
func Of(err error) (Class, bool) {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault.Class, true
	}
	if class, known := native(err); known {
		return class, true
	}
	is := func(targets ...error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
	switch {
	case err == nil:
		return "", false
	case is(syscall.EROFS):
		return ReadOnly, true
	case is(syscall.ENOSPC, syscall.EDQUOT):
		return NoSpace, true
	case is(syscall.EMFILE, syscall.ENFILE):
		return TooManyFiles, true
	case is(syscall.EFBIG):
		return TooLarge, true
	case is(syscall.ENOMEM):
		return NoMemory, true
	case is(syscall.ENOTDIR, syscall.EISDIR):
		return WrongKind, true
	case is(syscall.ENOLCK, syscall.ENOTSUP):
		return NoLocks, true
	case is(syscall.EIO, syscall.ESTALE, syscall.ENXIO, syscall.ENODEV):
		return Device, true
	case is(fs.ErrPermission):
		return Permission, true
	}
	return "", false
}

// Explain adds the cure to an error of the operating system about path, or about the file
// that the error itself names. It returns any other error, and nil, unchanged. If path is
// empty, Explain only explains errors that name a file.
func Explain(path string, err error) error {
	class, known := Of(err)
	var fault *Fault
	if !known || errors.As(err, &fault) {
		return err
	}
	var file *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &file) && filepath.IsAbs(file.Path):
		path = file.Path
	case errors.As(err, &link) && filepath.IsAbs(link.New):
		path = filepath.Dir(link.New) // a name is an entry of its folder
	}
	if path == "" {
		return err
	}
	return &Fault{Class: class, Path: path, Cure: cure(class, path, err), Err: err}
}
