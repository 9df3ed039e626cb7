package agent

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestIdleNodeRenewsWhenHalfOfTheLeaseIsGone(t *testing.T) {
	w := newWorld(t)
	w.chain.leaseBlocks, w.chain.leaseEnd = 100, 110
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("two renewals", func() bool { return w.chain.renewals >= 2 })
	w.chain.read(func() {
		require.GreaterOrEqual(t, w.chain.height, int64(110), "not before half of each lease was gone")
		require.Less(t, w.chain.height, w.chain.leaseEnd)
	})
	require.Contains(t, a.Status().Standing, "live")
}

func TestLapsedNodeComesBackByItself(t *testing.T) {
	w := newWorld(t)
	w.chain.leaseBlocks, w.chain.leaseEnd, w.chain.status = 1000, 5, edgenodetypes.NODE_STATUS_LAPSED
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.until("active again", func() bool { return w.chain.status == edgenodetypes.NODE_STATUS_ACTIVE })
	task := w.chain.post(w.web, 1)
	w.untilPhase(task, store.PhaseSettled)
	w.chain.read(func() { require.Equal(t, 1, w.chain.renewals) })
}

func TestPausedMachineLetsItsLeaseRunOut(t *testing.T) {
	w := newWorld(t)
	w.chain.leaseBlocks, w.chain.leaseEnd = 100, 20
	var paused atomic.Bool
	paused.Store(true)
	w.config.Paused = paused.Load
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.until("far beyond the lease", func() bool { return w.chain.height > 80 })
	w.chain.read(func() { require.Zero(t, w.chain.renewals) })
	paused.Store(false)
	w.until("renewed once it works", func() bool { return w.chain.renewals == 1 })
}

// TestAMachineThatItsOwnersRulesHoldBackKeepsItsLeaseForTheDay: its lease ends if they hold it back for longer.
func TestAMachineThatItsOwnersRulesHoldBackKeepsItsLeaseForTheDay(t *testing.T) {
	w := newWorld(t)
	w.chain.leaseBlocks, w.chain.leaseEnd = 100, 20
	w.config.Paused, w.config.Away = func() bool { return true }, func() bool { return false }
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	defer stop()
	w.until("far beyond the lease", func() bool { return w.chain.height > 500 })
	w.chain.read(func() {
		require.Positive(t, w.chain.renewals)
		require.LessOrEqual(t, w.chain.renewals, 4, "not for ever")
		require.Less(t, w.chain.leaseEnd, w.chain.height)
	})
}

func TestJailedNodeDoesNotAskForALease(t *testing.T) {
	w := newWorld(t)
	w.chain.leaseBlocks, w.chain.status = 100, edgenodetypes.NODE_STATUS_JAILED
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("some blocks", func() bool { return w.chain.height > 60 })
	w.chain.read(func() { require.Zero(t, w.chain.renewals) })
	require.Contains(t, a.Status().Standing, "unjail")
}

func TestRefusedRenewalIsShownAndTriedAgainLater(t *testing.T) {
	w := newWorld(t)
	w.chain.leaseBlocks, w.chain.leaseEnd, w.chain.refuse = 100, 20, chain.Renew
	defer w.chain.blocks(time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("three tries", func() bool { return w.chain.renewals >= 3 })
	w.chain.read(func() { require.GreaterOrEqual(t, w.chain.height, int64(10+2*renewPause)) })
	require.Eventually(t, func() bool { return a.Status().LastError != "" }, patience, time.Millisecond)
	require.Contains(t, a.Status().LastError, "did not renew the lease")
}
