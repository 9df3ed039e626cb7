package agent

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

// TestAVersionThatIsTooOldClaimsNothingAndEndsWhatItHolds: governance raised the version while the
// daemon was down.
func TestAVersionThatIsTooOldClaimsNothingAndEndsWhatItHolds(t *testing.T) {
	w := newWorld(t)
	w.config.Version = "v1.3.0"
	w.engine.hold = make(chan struct{})
	held := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	w.untilPhase(held, store.PhaseRunning)
	stop()

	var claims int
	w.chain.read(func() { w.chain.minVersion, claims = "1.4.0", w.chain.claims })
	w.chain.post(w.web, 2)
	close(w.engine.hold)
	w.again()
	a, stop := w.run()
	require.Equal(t, "paid", w.untilPhase(held, store.PhaseSettled).Verdict.Status)
	w.untilBlocks(20)
	w.chain.read(func() { require.Equal(t, claims, w.chain.claims) })
	require.Equal(t, "1.4.0", a.Status().MinVersion)
	require.Contains(t, a.Status().Outdated, "asks for version 1.4.0 or newer, and this is 1.3.0")
	stop()

	w.config.Version = "1.4.0"
	w.again()
	a, stop = w.run()
	defer stop()
	w.until("a claim", func() bool { return w.chain.claims > claims })
	require.Empty(t, a.Status().Outdated)
}

// TestABuildThatIsNoReleaseWorksWhateverTheChainAsksFor: it cannot be compared.
func TestABuildThatIsNoReleaseWorksWhateverTheChainAsksFor(t *testing.T) {
	for _, version := range []string{"", "dev", "4af2cf7-dirty", "1.3.0-4-gabcdef0", "1.4.0"} {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t)
			w.config.Version = version
			w.chain.minVersion = "1.4.0"
			w.chain.post(w.web, 1)
			defer w.chain.blocks(2 * time.Millisecond)()
			a, stop := w.run()
			defer stop()
			w.until("a claim", func() bool { return w.chain.claims > 0 })
			require.Empty(t, a.Status().Outdated)
		})
	}
}
