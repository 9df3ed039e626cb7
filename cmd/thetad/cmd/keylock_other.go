//go:build !unix

package cmd

import (
	"errors"
	"os"
)

// tryLock fails: this system has no lock that goes with its program.
func tryLock(*os.File) error { return errors.ErrUnsupported }
