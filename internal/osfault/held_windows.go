package osfault

import (
	"errors"

	"golang.org/x/sys/windows"
)

// held reports whether an error may be one of a file that another program has open. Windows answers
// this in the same way as a missing right when a name is given to another file.
func held(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_USER_MAPPED_FILE)
}
