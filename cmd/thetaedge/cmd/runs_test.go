package cmd

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProcessThatHasEndedDoesNotRun(t *testing.T) {
	require.True(t, runs(os.Getpid()))
	require.False(t, runs(0))
	require.False(t, runs(-1))

	ended := exec.Command(os.Args[0], "-test.run=^$")
	require.NoError(t, ended.Start())
	pid := ended.Process.Pid
	require.True(t, runs(pid), "its state was not asked for yet")
	require.NoError(t, ended.Wait())
	require.False(t, runs(pid))
}
