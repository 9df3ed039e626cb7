//go:build !linux

package agent

import "errors"

// syncFileSystem fails with errors.ErrUnsupported: this system has no call for it.
func syncFileSystem(string) error { return errors.ErrUnsupported }
