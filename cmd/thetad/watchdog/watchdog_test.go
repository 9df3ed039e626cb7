package watchdog

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/x/upgrade"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
)

// clock is a time that a test moves.
type clock struct{ now time.Time }

func newDog() (*Watchdog, *clock) {
	w, c := New(), &clock{time.Unix(1_700_000_000, 0)}
	w.Now = func() time.Time { return c.now }
	w.started = c.now
	w.probe, w.probedAt = Probe{Height: 7, BlockTime: c.now, Peers: 3}, c.now
	return w, c
}

func dead(w *Watchdog) bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

func TestEachKindOfFailureHasACodeAndACure(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		code int
		cure string
	}{
		"halt height": {"failed to apply block; error halt per configuration height 5 time 0", ExitHalted, "clear both in app.toml"},
		"upgrade":     {upgrade.BuildUpgradeNeededMsg(upgradetypes.Plan{Name: "v2", Height: 100}), ExitUpgrade, "start the binary that the upgrade names"},
		"too new":     {`BINARY UPDATED BEFORE TRIGGER! UPGRADE "v2" - in binary but not executed on chain. Downgrade your binary`, ExitUpgrade, "start the binary"},
		"full disk":   {"failed to write to consensus WAL: write /x: no space left on device", ExitDisk, "make room"},
		"quota":       {"write /x: disk quota exceeded", ExitDisk, "make room"},
		"app hash":    {"+2/3 committed an invalid block: wrong Block.Header.AppHash. Expected A, got B", ExitConsensus, "compare the node's version and state"},
	} {
		failure := classify(c.text)
		require.Equal(t, c.code, failure.Code, name)
		require.ErrorContains(t, failure, c.cure, name)
		require.ErrorContains(t, failure, c.text, name)
		require.Equal(t, c.code, CodeOf(fmt.Errorf("start: %w", failure)), name)
	}
	require.Equal(t, 1, CodeOf(errors.New("expected a genesis")))
}

func TestTheLineOfConsensusEndsTheNodeWhateverTheLogShows(t *testing.T) {
	w, _ := newDog()
	logger := w.Logger(log.NewNopLogger()).With("module", "consensus").With("height", 5)
	logger.Error("failed writing to WAL", "err", "no")
	logger.Info(consensusFailure)
	require.False(t, dead(w))
	logger.Error(consensusFailure, "err", "halt per configuration height 5 time 0", "stack", "...")
	require.True(t, dead(w))
	require.Equal(t, ExitHalted, w.failure.Code)
	logger.Error(consensusFailure, "err", "another")
	require.Equal(t, ExitHalted, w.failure.Code, "the first failure stays")
}

func TestABlockThatFailedEndsTheNodeUnlessAnotherIsCommitted(t *testing.T) {
	w, c := newDog()
	boom := errors.New("halt per configuration height 5 time 0")
	require.Equal(t, boom, w.Block("block 5", func() (int64, error) { return 0, boom }))
	c.now = c.now.Add(suspicion - time.Second)
	w.look()
	require.False(t, dead(w))
	require.NoError(t, w.Block("commit", func() (int64, error) { return 5, nil }))
	c.now = c.now.Add(time.Minute)
	w.look()
	require.False(t, dead(w))

	require.PanicsWithValue(t, "invariant broken", func() {
		_ = w.Block("block 6", func() (int64, error) { panic("invariant broken") })
	})
	c.now = c.now.Add(suspicion + time.Second)
	w.look()
	require.True(t, dead(w))
	require.Equal(t, ExitConsensus, w.failure.Code)
	require.ErrorContains(t, w.failure, "block 6: invariant broken")
}

func TestTheReasonOfTheBlockWinsOverWhatConsensusMakesOfIt(t *testing.T) {
	w, _ := newDog()
	_ = w.Block("block 9", func() (int64, error) { return 0, errors.New(`UPGRADE "v2" NEEDED at height: 9: `) })
	w.Logger(log.NewNopLogger()).Error(consensusFailure, "err", "something went wrong")
	require.Equal(t, ExitUpgrade, w.failure.Code)
}

func TestAFullDiskEndsTheNodeOnlyWhenNoBlockIsWritten(t *testing.T) {
	w, c := newDog()
	free := uint64(fullBytes)
	w.FreeBytes = func() (uint64, bool) { return free, true }
	c.now = c.now.Add(time.Hour)
	w.look()
	require.False(t, dead(w), "a chain that halts for an hour on a disk with room")
	free = 0
	require.NoError(t, w.Block("commit", func() (int64, error) { return 8, nil }))
	c.now = c.now.Add(fullPatience)
	w.look()
	require.False(t, dead(w))
	c.now = c.now.Add(time.Second)
	w.look()
	require.True(t, dead(w))
	require.Equal(t, ExitDisk, w.failure.Code)
}

func TestLostQuorumAndSyncingEndNothing(t *testing.T) {
	w, c := newDog()
	w.FreeBytes = func() (uint64, bool) { return 1 << 40, true }
	for _, probe := range []Probe{
		{Height: 7, BlockTime: c.now, Peers: 1, Lacking: "prevotes"},
		{Height: 7, BlockTime: c.now, CatchingUp: true},
		{Height: 7, BlockTime: c.now},
	} {
		c.now = c.now.Add(24 * time.Hour)
		w.probe, w.probedAt = probe, c.now
		w.look()
		require.False(t, dead(w))
	}
}

func TestHealthTellsTheTruth(t *testing.T) {
	const old = 10 * time.Minute
	for name, c := range map[string]struct {
		change func(*Watchdog, time.Time)
		status Status
		code   int
	}{
		"blocks come":         {func(*Watchdog, time.Time) {}, OK, http.StatusOK},
		"just started":        {func(w *Watchdog, _ time.Time) { w.probedAt = time.Time{} }, Starting, http.StatusServiceUnavailable},
		"catches up":          {func(w *Watchdog, _ time.Time) { w.probe.CatchingUp = true }, CatchingUp, http.StatusServiceUnavailable},
		"quorum is lost":      {func(w *Watchdog, now time.Time) { w.probe.BlockTime, w.probe.Lacking = now.Add(-old), "votes" }, WaitingForQuorum, http.StatusOK},
		"cut off":             {func(w *Watchdog, now time.Time) { w.probe = Probe{BlockTime: now.Add(-old), Lacking: "votes"} }, NoPeers, http.StatusServiceUnavailable},
		"stalled":             {func(w *Watchdog, now time.Time) { w.probe.BlockTime = now.Add(-old) }, Stalled, http.StatusServiceUnavailable},
		"hangs":               {func(w *Watchdog, now time.Time) { w.probedAt = now.Add(-old) }, Stalled, http.StatusServiceUnavailable},
		"a clock that is off": {func(w *Watchdog, now time.Time) { w.probe.BlockTime, w.committedAt = now.Add(-old), now }, OK, http.StatusOK},
		"dead":                {func(w *Watchdog, _ time.Time) { w.fail(classify("panic")) }, Stopped, http.StatusServiceUnavailable},
	} {
		w, clock := newDog()
		c.change(w, clock.now)
		recorder := httptest.NewRecorder()
		w.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, HealthPath, nil))
		require.Equal(t, c.code, recorder.Code, name)
		var told map[string]any
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &told), name)
		require.Equal(t, string(c.status), told["status"], name)
		require.Equal(t, c.status != Stopped, told["consensus_alive"], name)
		require.Contains(t, told, "height", name)
		if c.status != OK {
			require.NotEmpty(t, told["reason"], name)
		}
	}
}

func TestVotesThatLackAreReadFromTheRound(t *testing.T) {
	state := func(step string, prevotes, precommits string) []byte {
		return fmt.Appendf(nil, `{"height/round/step":"12/1/%s","height_vote_set":[
			{"round":0,"prevotes_bit_array":"BA{4:xxxx} 400/400 = 1.00","precommits_bit_array":"BA{4:xxxx} 400/400 = 1.00"},
			{"round":1,"prevotes_bit_array":"BA{4:xx__} %s/400 = 0.50","precommits_bit_array":"BA{4:____} %s/400 = 0.00"}]}`, step, prevotes, precommits)
	}
	for name, c := range map[string]struct {
		raw  []byte
		says string
	}{
		"prevotes":          {state("4", "200", "0"), "prevotes of 50%"},
		"precommits":        {state("6", "300", "100"), "precommits of 25%"},
		"enough":            {state("6", "300", "300"), ""},
		"exactly too few":   {state("4", "266", "0"), "prevotes of 66%"},
		"a new height":      {state("1", "0", "0"), ""},
		"the block is made": {state("8", "300", "0"), ""},
	} {
		said, err := lacking(c.raw)
		require.NoError(t, err, name)
		if c.says == "" {
			require.Empty(t, said, name)
			continue
		}
		require.Contains(t, said, c.says, name)
	}
	_, err := lacking([]byte(`{"height/round/step":"new"}`))
	require.Error(t, err)
}

func TestAWatchdogThatIsOffTellsAndLeavesTheNode(t *testing.T) {
	w, _ := newDog()
	w.Configure(Settings{StaleAfter: time.Minute})
	w.consensusFailed("boom")
	group, ctx := errgroup.WithContext(t.Context())
	ended := errors.New("the owner stopped it")
	go func() { _ = w.end(ctx, log.NewNopLogger()) }()
	group.Go(func() error { return ended })
	require.Equal(t, ended, group.Wait())
	require.False(t, w.Health().ConsensusAlive)
}

// TestAStartThatFailsAsBeforeHasTheSameCode: a supervisor that does not restart after a code does not
// restart a node that was started again without a change.
func TestAStartThatFailsAsBeforeHasTheSameCode(t *testing.T) {
	for text, code := range map[string]int{
		`error during handshake: error on replay: UPGRADE "next" NEEDED at height: 85: `: ExitUpgrade,
		"error during handshake: halt per configuration height 7 time 0":                 ExitHalted,
		"open application.db: no space left on device":                                   ExitDisk,
		"error during handshake: wrong app hash":                                         1,
		"listen tcp 127.0.0.1:26657: address already in use":                             1,
	} {
		require.Equal(t, code, CodeOf(OfStart(errors.New(text))), text)
	}
	require.NoError(t, OfStart(nil))
	kept := &Failure{Code: ExitConsensus, Reason: "no space left on device"}
	require.ErrorIs(t, OfStart(kept), kept)
}
