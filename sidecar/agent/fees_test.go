package agent

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
)

// gasFor returns a grant that pays for n assignments at the price of the fake chain.
func gasFor(n int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin("atfuel", n*bid.FinishGas*10)) }

func TestNothingIsClaimedThatTheFeeGrantCannotFinish(t *testing.T) {
	soon := time.Now().Add(time.Minute)
	for name, c := range map[string]struct {
		grant chain.Grant
		err   error
		why   string
	}{
		"none":     {err: chain.ErrNotFound, why: "no fee grant"},
		"used up":  {grant: chain.Grant{Left: sdk.NewCoins(sdk.NewInt64Coin("atfuel", bid.FinishGas*10-1))}, why: "left, which is kept to finish what is held"},
		"messages": {grant: chain.Grant{Missing: []string{"/theta.compute.v1.MsgReveal"}}, why: "does not pay for /theta.compute.v1.MsgReveal"},
		"expiry":   {grant: chain.Grant{Expiry: &soon}, why: "perhaps before the task does"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.chain.grant, w.chain.grantErr = c.grant, c.err
			w.chain.post(w.web, 1)
			defer w.chain.blocks(2 * time.Millisecond)()
			a, stop := w.run()
			defer stop()
			require.Eventually(t, func() bool { return len(a.Status().Passed) > 0 }, patience, time.Millisecond)
			require.Contains(t, a.Status().Passed[0].Reason, c.why)
			require.Contains(t, a.Status().Passed[0].Reason, "thetaedge register")
			w.chain.read(func() { require.Zero(t, w.chain.claims) })
		})
	}
}

func TestFeesAreKeptForWhatIsHeld(t *testing.T) {
	w := newWorld(t)
	w.chain.grant.Left = gasFor(2)
	w.engine.hold = make(chan struct{})
	for n := range 4 {
		w.chain.post(w.web, n)
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return w.engine.executions() == 2 }, patience, time.Millisecond)
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	w.chain.read(func() { require.Equal(t, 2, w.chain.claims) })
	close(w.engine.hold)
	settled := 0
	require.Eventually(t, func() bool {
		settled = 0
		for _, task := range w.chain.tasks {
			if w.record(task).Phase == store.PhaseSettled {
				settled++
			}
		}
		return settled == 4
	}, patience, time.Millisecond, "what is finished makes room for the next")
}
