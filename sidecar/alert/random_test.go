package alert

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/overview"
)

// TestWhateverHappensEachStoryIsToldOnceAndWithinTheBudget: a node whose state, clock and daemon change at
// random gets each beginning once, an end only after a beginning, a reminder only in between, and never
// more letters an hour than the owner allows.
func TestWhateverHappensEachStoryIsToldOnceAndWithinTheBudget(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		home, err := os.MkdirTemp("", "alerts-")
		require.NoError(r, err)
		defer func() { require.NoError(r, os.RemoveAll(home)) }()
		now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
		cfg := Config{
			Home: home, Targets: []*Target{{ID: "one", Name: "one"}}, Kinds: Kinds(), PerHour: rapid.IntRange(1, 4).Draw(r, "per hour"), Digest: time.Hour,
			Limits: Limits{Lease: 4 * time.Hour, Grant: sdk.NewInt64Coin("atfuel", 1_000)}, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		}
		a, err := New(cfg)
		require.NoError(r, err)
		told := 0
		open := map[string]bool{}
		read := func() {
			recent := a.book.Recent
			for _, alert := range recent[min(told, len(recent)):] {
				title := strings.TrimPrefix(strings.TrimPrefix(alert.Title, "Still: "), "Over: ")
				switch alert.State {
				case Begins:
					require.False(r, open[title], "%s begins twice", title)
					open[title] = true
				case Lasts:
					require.True(r, open[title], "%s lasts before it begins", title)
				case Over:
					require.True(r, open[title], "%s is over before it begins", title)
					delete(open, title)
				case Happened, Trial:
				}
			}
			told = len(recent)
		}
		jailed, lease, faults, paid := false, int64(80_000), uint64(0), uint64(0)
		for range rapid.IntRange(1, 80).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"look", "look", "look", "jail", "lease", "fault", "pay", "blind", "restart", "back"}).Draw(r, "what") {
			case "jail":
				jailed = !jailed
			case "lease":
				lease = rapid.Int64Range(0, 30_000).Draw(r, "lease")
			case "fault":
				faults += rapid.Uint64Range(0, 3).Draw(r, "faults")
			case "pay":
				paid += rapid.Uint64Range(0, 9).Draw(r, "jobs")
			case "restart":
				a, err = New(cfg)
				require.NoError(r, err)
			case "back":
				now = now.Add(-time.Duration(rapid.IntRange(1, 5_000).Draw(r, "back")) * time.Second)
			case "blind":
				a.Observe(&overview.Snapshot{At: now})
			}
			s := &overview.Snapshot{
				At: now, Why: []overview.Finding{{Cause: "earning"}}, Total: overview.Sums{Paid: paid, Pay: "5"},
				Chain: &overview.OnChain{At: now, Status: "active", LeaseSeconds: lease, LeaseFullSeconds: 86_400, Missed: faults, Grant: &overview.Grant{}},
			}
			if jailed {
				s.Chain.JailUntil = 9
			}
			a.Observe(s)
			require.False(r, a.unsaved, "without a book on the disk, stories may come again, or end without a beginning, after a restart")
			read()
			within := 0
			for _, at := range a.book.Released {
				if now.Sub(at) < budgetSpan {
					within++
				}
			}
			require.LessOrEqual(r, within, cfg.PerHour)
			if len(a.book.Recent) >= mostRecent-2 {
				return // older ones leave the list
			}
			now = now.Add(time.Duration(rapid.IntRange(1, 4_000).Draw(r, "pause")) * time.Second)
		}
	})
}
