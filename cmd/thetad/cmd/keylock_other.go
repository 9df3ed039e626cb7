//go:build !unix

package cmd

import (
	"errors"
	"os"
)

// tryLock fails, because this system does not have a lock that ends with its program.
func tryLock(*os.File) error { return errors.ErrUnsupported }
