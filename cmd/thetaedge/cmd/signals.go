package cmd

import (
	"os"
	"os/signal"
	"syscall"
)

// stopSignals are those that end a daemon in good order. A terminal that is closed, or
// a line that is cut, sends SIGHUP, and must not take along what is at stake; under
// nohup it is ignored, and stays so.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
