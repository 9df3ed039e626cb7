package cmd

import (
	"os"
	"os/signal"
	"syscall"
)

// stopSignals are the signals that stop a daemon cleanly. A closed terminal or a lost
// connection sends SIGHUP, which must not endanger the node's stakes. Under nohup the
// signal is ignored, and stays ignored.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
