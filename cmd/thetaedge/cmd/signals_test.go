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
		require.ElementsMatch(t, []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, stopSignals(true))
		require.Empty(t, reloadSignals(true))
		require.NotContains(t, stopSignals(false), os.Signal(syscall.SIGHUP), "a service has no terminal")
		require.Equal(t, []os.Signal{syscall.SIGHUP}, reloadSignals(false))
		signal.Ignore(syscall.SIGHUP)
		defer signal.Reset(syscall.SIGHUP)
	}
	require.NotContains(t, stopSignals(true), os.Signal(syscall.SIGHUP), "under nohup")
	require.Empty(t, reloadSignals(false), "under nohup")
}
