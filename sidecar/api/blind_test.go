package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

func TestAResultIsNotShownWhileOthersMayStillCopyIt(t *testing.T) {
	for _, phase := range store.Phases() {
		out := show(&store.Assignment{Phase: phase, ResultDigest: []byte{1, 2}, ExitCode: 3, Detail: "unreachable executed"})
		if phase == store.PhaseOpened || phase == store.PhaseSettled {
			require.Equal(t, "0102", out.Digest)
			require.EqualValues(t, 3, out.ExitCode)
			require.Equal(t, "unreachable executed", out.Detail)
			continue
		}
		require.Empty(t, out.Digest, phase)
		require.Zero(t, out.ExitCode, phase)
		require.Empty(t, out.Detail, "that a program trapped is all of a result that has no outputs")
	}
}
