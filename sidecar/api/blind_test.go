package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

func TestAResultIsNotShownWhileOthersMayStillCopyIt(t *testing.T) {
	for _, phase := range store.Phases() {
		out := show(&store.Assignment{Phase: phase, ResultDigest: []byte{1, 2}, ExitCode: 3})
		if phase == store.PhaseOpened || phase == store.PhaseSettled {
			require.Equal(t, "0102", out.Digest)
			require.EqualValues(t, 3, out.ExitCode)
			continue
		}
		require.Empty(t, out.Digest, phase)
		require.Zero(t, out.ExitCode, phase)
	}
}
