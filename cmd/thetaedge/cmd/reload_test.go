package cmd

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/overview"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/web"
)

// written returns a node whose home has settings, to which write gives values by key.
func written(t *testing.T) (n *node, write func(values map[string]string)) {
	t.Helper()
	n = &node{home: t.TempDir()}
	text, err := config.Render(config.Default())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(n.home, config.FileName), text, 0o600))
	n.config, err = config.Load(n.home, nil, os.Environ())
	require.NoError(t, err)
	return n, func(values map[string]string) {
		draft, err := config.NewDraft(n.home, nil, values)
		require.NoError(t, err)
		require.NoError(t, draft.Write())
	}
}

func TestADaemonTakesOverWhatItCanAndNamesTheRest(t *testing.T) {
	n, write := written(t)
	var told []config.Config
	require.NoError(t, n.adjusts(t.Context(), func(_ context.Context, c config.Config) error {
		told = append(told, c)
		return nil
	}))
	require.Empty(t, told, "nothing has changed")
	write(map[string]string{"owner.battery": "true", "policy.max-jobs": "3", "chain.poll": "3s", "policy.min-rewards": "2tfuel"})
	later, err := n.reload(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"chain.poll", "policy.max-jobs"}, later)
	require.Len(t, told, 1)
	for _, c := range []config.Config{told[0], n.settings()} {
		require.True(t, c.Owner.Battery)
		require.Equal(t, []string{"2tfuel"}, c.Policy.MinRewards)
		require.Equal(t, n.config.Policy.MaxJobs, c.Policy.MaxJobs)
		require.Equal(t, n.config.Chain.Poll, c.Chain.Poll)
	}
	policy, err := policyOf(n)
	require.NoError(t, err)
	require.Equal(t, "2000000000000000000atfuel", policy.MinRewards.String())

	// A part that begins later gets what has changed before.
	late := 0
	require.NoError(t, n.adjusts(t.Context(), func(_ context.Context, c config.Config) error {
		late++
		require.True(t, c.Owner.Battery)
		return nil
	}))
	require.Equal(t, 1, late)
}

func TestSettingsThatDoNotWorkChangeNothing(t *testing.T) {
	n, write := written(t)
	write(map[string]string{"owner.battery": "true"})
	_, err := n.reload(t.Context())
	require.NoError(t, err)
	path := filepath.Join(n.home, config.FileName)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	before := n.settings()
	for _, wrong := range []string{"[owner]\nidle = \"1s\"\n", "this is no TOML", "[owner]\nnonsense = 1\n"} {
		require.NoError(t, os.WriteFile(path, []byte(wrong), 0o600))
		_, err = n.reload(t.Context())
		require.ErrorContains(t, err, "the settings stay as they were")
		require.Equal(t, before, n.settings())
	}
	require.NoError(t, os.WriteFile(path, text, 0o600))
	later, err := n.reload(t.Context())
	require.NoError(t, err)
	require.Empty(t, later)
}

// TestOtherRulesHoldTheMachineBackWithoutARestart, and the ones before do not any more.
func TestOtherRulesHoldTheMachineBackWithoutARestart(t *testing.T) {
	n, write := written(t)
	cards := newCards(nil)
	cards.watch.Look(t.Context())
	b, err := newBrake(n, cards, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	wait := b.follow(ctx, cards)
	require.NoError(t, n.adjusts(ctx, b.change))
	never := strings.ToLower(time.Now().AddDate(0, 0, 3).Weekday().String()[:3])
	for _, hours := range []string{never, "", never, "sun-sat"} {
		write(map[string]string{"owner.hours": hours})
		_, err := n.reload(t.Context())
		require.NoError(t, err)
		require.Equal(t, hours == never, b.paused(), "at once, and not for a look at nothing")
		require.False(t, b.suspended())
	}
	require.Equal(t, owner.Allow, b.decision().Action)
	cancel()
	wait()
	write(map[string]string{"owner.hours": never})
	_, err = n.reload(t.Context())
	require.NoError(t, err, "the daemon ends, and there is nothing to hold back")
	require.NoError(t, cards.watch.Close())
}

// TestAlertsGoToNewTargetsWithoutARestart, and what was told before is remembered.
func TestAlertsGoToNewTargetsWithoutARestart(t *testing.T) {
	n, write := written(t)
	n.cards = newCards(nil)
	started, _, err := mustRoot(t).Find([]string{"start"})
	require.NoError(t, err)
	home := newHome(t)
	started.InheritedFlags()
	require.NoError(t, started.ParseFlags([]string{"--home", home}))
	opened, err := openNode(started)
	require.NoError(t, err)
	n.worker, n.reader = opened.worker, opened.reader
	t.Cleanup(func() { require.NoError(t, opened.close()) })
	o := newObserver(newBoard(n, web.NewLogs(), slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.sendAlerts(ctx)
	}()
	require.NoError(t, n.adjusts(ctx, o.change))

	jailed := &overview.Snapshot{At: time.Now(), Chain: &overview.OnChain{At: time.Now(), Status: "jailed", JailUntil: 9}}
	o.observe(jailed)
	require.Len(t, o.alerts().Open, 1)
	got := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	defer server.Close()
	write(map[string]string{"alerts.targets": server.URL + "/hook"})
	_, err = n.reload(t.Context())
	require.NoError(t, err)
	require.Len(t, o.alerts().Targets, 1)
	require.Len(t, o.alerts().Open, 1, "it is not forgotten")
	o.observe(jailed) // which was told already, when there was no target
	missed := *jailed.Chain
	missed.Missed = 3
	o.observe(&overview.Snapshot{At: time.Now(), Chain: &missed})
	select {
	case text := <-got:
		require.Contains(t, text, "fault")
	case <-time.After(patience):
		t.Fatal("the new target was told nothing")
	}
	cancel()
	<-done
	_, err = n.reload(t.Context())
	require.NoError(t, err, "the daemon ends")
}
