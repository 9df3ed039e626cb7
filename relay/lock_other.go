//go:build !unix

package relay

import (
	"errors"
	"os"
)

// errTaken says that another process holds a lock.
var errTaken = errors.New("taken")

// flock does nothing where the system has no such locks.
func flock(*os.File) error { return nil }
