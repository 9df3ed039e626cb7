//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAClosedTerminalStopsADaemonLikeATermination(t *testing.T) {
	if !signal.Ignored(syscall.SIGHUP) { // it is, if nohup runs the tests
		require.ElementsMatch(t, []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, stopSignals())
		signal.Ignore(syscall.SIGHUP)
		defer signal.Reset(syscall.SIGHUP)
	}
	require.NotContains(t, stopSignals(), os.Signal(syscall.SIGHUP), "under nohup")
}
