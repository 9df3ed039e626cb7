package cmd

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/why"
)

func TestRulesAreJudgedBeforeTheyAreInForce(t *testing.T) {
	b := servedBoard(t, newHome(t))
	d, err := b.Judge(t.Context(), config.Owner{})
	require.NoError(t, err)
	require.Equal(t, owner.Allow, d.Action)

	// No machine has so much free space.
	full := config.Owner{FreeDisk: 1 << 62}
	for range 2 {
		// On a slow machine, a sensor may miss its limit in a look.
		require.Eventually(t, func() bool {
			d, err = b.Judge(t.Context(), full)
			return err != nil || len(d.Blind) == 0
		}, patience, time.Millisecond)
		require.NoError(t, err)
		require.Equal(t, owner.Pause, d.Action)
		require.Equal(t, owner.FreeDisk, d.Reasons[0].Rule)
	}
	_, err = b.Judge(t.Context(), config.Owner{Idle: "1s"})
	require.ErrorContains(t, err, "owner.idle")

	require.NoError(t, b.Pause(true))
	d, err = b.Judge(t.Context(), config.Owner{})
	require.NoError(t, err)
	require.Equal(t, manualRule, d.Reasons[0].Rule)
	require.NoError(t, b.Resume())
}

func TestADaemonThatWaitsForTheChainExplainsItself(t *testing.T) {
	b := servedBoard(t, newHome(t), "--chain.grpc", "127.0.0.1:1")
	answer, err := b.Why(t.Context())
	require.NoError(t, err)
	require.Equal(t, string(why.EndpointUnreachable), answer.Findings[0].Cause)
	require.Contains(t, answer.Findings[0].Evidence, "the daemon waits: the node at 127.0.0.1:1 does not answer")
}
