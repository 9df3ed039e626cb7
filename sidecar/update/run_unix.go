//go:build !windows

package update

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/thetaedge/theta/internal/osfault"
)

// Run replaces this process by another version of the program, with the same arguments. It returns only
// if that is not possible.
func Run(program string, arguments []string, _ io.Writer, _ <-chan os.Signal) (again bool, err error) {
	err = syscall.Exec(program, append([]string{program}, arguments...), os.Environ()) //nolint:gosec // its bytes were compared
	return false, fmt.Errorf("%w: %s: %w", ErrNotStarted, program, osfault.Explain(program, err))
}

// Again ends a version that ran from the folder: the installed program picks which one is next. It returns only if
// that is not possible.
func Again(installed string, arguments []string) error {
	_, err := Run(installed, arguments, nil, nil)
	return err
}

// Orders returns the orders to stop that a version gets from the program that runs it: none, because
// it has taken the place of that program.
func Orders() <-chan os.Signal { return nil }
