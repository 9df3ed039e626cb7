package cmd

import (
	"os"
	"os/signal"
	"syscall"
)

// stopSignals are the signals that stop a command cleanly. A terminal that is closed, or whose connection is lost,
// sends SIGHUP, which must not endanger the node's stakes.
func stopSignals(terminal bool) []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if terminal && !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// reloadSignals are the signals at which a daemon reads its settings again. Under nohup SIGHUP is ignored, and stays
// ignored.
func reloadSignals(terminal bool) []os.Signal {
	if terminal || signal.Ignored(syscall.SIGHUP) {
		return nil
	}
	return []os.Signal{syscall.SIGHUP}
}

// hasTerminal reports whether this process belongs to a terminal, which sends it SIGHUP when it is closed. A service
// does not.
func hasTerminal() bool {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	_ = terminal.Close()
	return true
}
