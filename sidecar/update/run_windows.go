package update

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// againCode is the exit code with which a version asks the installed program to pick the next one.
const againCode = 75

// Run runs another version of the program and waits for its end. Windows cannot replace a process, so
// that the installed program stays and passes on orders to stop, by closing the version's input: the
// version also stops when this program is killed. again reports whether the version asks to be
// replaced by the one that is chosen now.
func Run(program string, arguments []string, log io.Writer, stops <-chan os.Signal) (again bool, err error) {
	command := exec.Command(program, arguments...) //nolint:gosec // its bytes were compared
	command.Stdout, command.Stderr = os.Stdout, log
	input, err := command.StdinPipe()
	if err != nil {
		return false, err
	}
	// A console sends Ctrl-C, and that its window is closed, to both processes. This one waits for the other: if it
	// ended first, the version would take the end of its input for a second order, and stop at once.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupts)
	if err := command.Start(); err != nil {
		return false, fmt.Errorf("%w: %s: %w", ErrNotStarted, program, err)
	}
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	for {
		select {
		case <-stops:
			_ = input.Close()
		case <-interrupts:
		case err := <-done:
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.ExitCode() == againCode {
				return true, nil
			}
			return false, err
		}
	}
}

// Again ends a version that ran from the folder: the installed program, which waits for it, picks which
// one is next.
func Again(string, []string) error {
	os.Exit(againCode)
	return nil
}

// Orders returns the orders to stop that a version gets from the program that runs it.
func Orders() <-chan os.Signal {
	orders := make(chan os.Signal, 1)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		orders <- os.Interrupt
	}()
	return orders
}
