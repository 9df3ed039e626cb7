package cmd

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/executor/manifest"
)

func TestEachWayInWhichAProgramEndsHasAnExitCodeOfItsOwn(t *testing.T) {
	seen := map[int]manifest.Reason{}
	for _, m := range []manifest.Manifest{
		{Reason: manifest.ReasonExited},
		{Reason: manifest.ReasonExited, ExitCode: 3},
		{Reason: manifest.ReasonTrapped, ExitCode: manifest.NoExitCode},
		{Reason: manifest.ReasonOutOfFuel, ExitCode: manifest.NoExitCode},
		{Reason: manifest.ReasonOutOfMemory, ExitCode: manifest.NoExitCode},
		{Reason: manifest.ReasonOutputTooBig, ExitCode: manifest.NoExitCode},
		{Reason: manifest.ReasonInvalidProgram, ExitCode: manifest.NoExitCode},
	} {
		require.True(t, m.Reason.Valid())
		code := ExitCode(outcome(m))
		require.NotContains(t, seen, code)
		require.True(t, code == 0 || code >= 20, "the codes below are those of failures and of the watchdog")
		seen[code] = m.Reason
	}
	require.Equal(t, manifest.ReasonExited, seen[0])
	require.Len(t, seen, 7)
}

func TestAnyOtherFailureExitsWithOne(t *testing.T) {
	require.Equal(t, 1, ExitCode(errors.New("no node")))
	require.Equal(t, 1, ExitCode(outcome(manifest.Manifest{Reason: "melted"})))
	require.Equal(t, exitTrapped, ExitCode(fmt.Errorf("job 1-0-0: %w", outcome(manifest.Manifest{Reason: manifest.ReasonTrapped}))))
}
