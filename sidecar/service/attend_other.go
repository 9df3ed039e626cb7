//go:build !windows

package service

import (
	"io"
	"os"
)

// Attend runs a daemon. Supervisors of this system use signals and collect what the daemon writes to
// stderr, so that nothing more is needed.
func Attend(_, _ string, _ bool, stderr io.Writer, run func(log io.Writer, stops <-chan os.Signal) error) error {
	return run(stderr, nil)
}
