package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/overview"
)

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is an alerter with a target that takes notes instead of sending.
type bench struct {
	*Alerter
	clock *clock
	home  string
	cfg   Config
}

func newBench(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	b := &bench{clock: &clock{now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}, home: t.TempDir()}
	b.cfg = Config{
		Home: b.home, Targets: []*Target{{ID: "one", Name: "one"}}, Kinds: Kinds(), PerHour: 100, Digest: 24 * time.Hour,
		Limits: Limits{Lease: 4 * time.Hour, Grant: sdk.NewInt64Coin("atfuel", 1_000)},
		Logger: slog.New(slog.DiscardHandler), Now: b.clock.time,
	}
	if change != nil {
		change(&b.cfg)
	}
	b.restart(t)
	return b
}

// restart makes another alerter with the same home.
func (b *bench) restart(t *testing.T) {
	t.Helper()
	var err error
	b.Alerter, err = New(b.cfg)
	require.NoError(t, err)
}

// told returns the titles of all alerts, the oldest first.
func (b *bench) told() []string {
	var titles []string
	for _, r := range b.View().Recent {
		titles = append([]string{r.Title}, titles...)
	}
	return titles
}

// well is a snapshot of a node without trouble.
func (b *bench) well() *overview.Snapshot {
	now := b.clock.time()
	return &overview.Snapshot{
		At: now, Moniker: "rig", Mode: "working", Why: []overview.Finding{{Cause: "earning", Sentence: "ok"}}, Total: overview.Sums{Pay: "0"},
		Chain: &overview.OnChain{
			At: now, Status: "active", Bond: "1", LeaseSeconds: 80_000, LeaseFullSeconds: 86_400,
			Grant: &overview.Grant{Left: "5000", Expires: now.Add(30 * 24 * time.Hour)},
		},
	}
}

// over observes a snapshot every half minute for a time.
func (b *bench) over(d time.Duration, change func(*overview.Snapshot)) {
	for passed := time.Duration(0); passed < d; passed += 30 * time.Second {
		s := b.well()
		if change != nil {
			change(s)
		}
		b.Observe(s)
		b.clock.pass(30 * time.Second)
	}
}

func unreachable(s *overview.Snapshot) {
	s.Why = []overview.Finding{{Cause: "endpoint-unreachable", Sentence: "The node gives no answer.", Cure: "start it"}}
}

func TestAConditionIsToldOnceWhenItBeginsAndOnceWhenItIsOver(t *testing.T) {
	b := newBench(t, nil)
	b.over(time.Minute, nil)
	b.over(90*time.Second, unreachable)
	require.Empty(t, b.told(), "a moment is not told")
	b.over(time.Hour, unreachable)
	require.Equal(t, []string{"The node sees no chain"}, b.told())
	require.Len(t, b.View().Open, 1)
	b.over(time.Minute, nil)
	b.over(time.Minute, unreachable)
	b.over(time.Minute, nil)
	require.Len(t, b.told(), 1, "a state that comes and goes is one story")
	b.over(10*time.Minute, nil)
	require.Equal(t, []string{"The node sees no chain", "Over: The node sees no chain"}, b.told())
	require.Empty(t, b.View().Open)
}

func TestAConditionThatLastsIsRemindedOfOnceADay(t *testing.T) {
	b := newBench(t, nil)
	for range 3 * 24 * 4 {
		s := b.well()
		s.Chain.JailUntil = 900
		b.Observe(s)
		b.clock.pass(15 * time.Minute)
	}
	require.Equal(t, []string{"The node is jailed", "Still: The node is jailed", "Still: The node is jailed"}, b.told())
}

func TestARestartRepeatsNothing(t *testing.T) {
	b := newBench(t, nil)
	jailed := func(s *overview.Snapshot) { s.Chain.JailUntil, s.Chain.Missed = 900, 3 }
	b.over(time.Minute, nil)
	b.over(time.Minute, jailed)
	require.ElementsMatch(t, []string{"The node is jailed", "The chain has counted a fault"}, b.told())
	for range 5 {
		b.restart(t)
		b.over(10*time.Minute, jailed)
	}
	require.Len(t, b.told(), 2)
	b.restart(t)
	b.over(10*time.Minute, func(s *overview.Snapshot) { s.Chain.Missed = 3 })
	require.Len(t, b.told(), 3, "what is over after a restart is told")
}

// TestWhatIsNotKnownIsNeitherTroubleNorItsEnd: a chain that does not answer does not end a jail.
func TestWhatIsNotKnownIsNeitherTroubleNorItsEnd(t *testing.T) {
	b := newBench(t, nil)
	b.over(10*time.Minute, func(s *overview.Snapshot) {
		s.Chain.JailUntil = 900
		s.Why = []overview.Finding{{Cause: "clock-off"}, {Cause: "jailed", Sentence: "Jailed."}}
	})
	require.Len(t, b.told(), 2)
	b.over(time.Hour, func(s *overview.Snapshot) {
		unreachable(s)
		s.Chain.At = s.At.Add(-time.Hour)
	})
	require.Len(t, b.told(), 3, "only that the chain is not seen is new")
	require.Len(t, b.View().Open, 3)
	b.over(time.Hour, func(s *overview.Snapshot) { s.Why, s.Chain = nil, nil })
	require.Len(t, b.View().Open, 3, "a snapshot that knows nothing ends nothing")
}

func TestLeaseAndGrantAreJudgedWithRoomBetweenLowAndEnough(t *testing.T) {
	b := newBench(t, nil)
	lease := func(seconds int64) func(*overview.Snapshot) {
		return func(s *overview.Snapshot) { s.Chain.LeaseSeconds = seconds }
	}
	b.over(time.Hour, lease(5*3600))
	require.Empty(t, b.told())
	b.over(time.Minute, lease(4*3600-1))
	require.Equal(t, []string{"The lease ends soon"}, b.told())
	for range 20 {
		b.over(6*time.Minute, lease(4*3600+1))
		b.over(6*time.Minute, lease(4*3600-1))
	}
	require.Len(t, b.told(), 1, "a value that moves around the limit is told once")
	b.over(10*time.Minute, nil)
	require.Len(t, b.told(), 2)
	for left, title := range map[string]string{"999": "The fee grant is low", "none": "The fee grant is gone", "soon": "The fee grant ends soon"} {
		b := newBench(t, nil)
		b.over(time.Minute, func(s *overview.Snapshot) {
			switch left {
			case "none":
				s.Chain.Grant = &overview.Grant{None: true}
			case "soon":
				s.Chain.Grant.Expires = s.At.Add(6 * 24 * time.Hour)
			default:
				s.Chain.Grant.Left = left
			}
		})
		require.Equal(t, []string{title}, b.told())
		b.over(time.Hour, func(s *overview.Snapshot) { s.Chain.Grant = &overview.Grant{Left: "1100"} })
		require.Len(t, b.told(), 1, "a tenth above the limit is not enough")
		b.over(time.Hour, func(s *overview.Snapshot) { s.Chain.Grant = &overview.Grant{} })
		require.Len(t, b.told(), 2, "a grant without limits is never low")
	}
}

func TestUpdatesAreTold(t *testing.T) {
	b := newBench(t, nil)
	b.over(time.Minute, nil)
	b.over(10*time.Minute, func(s *overview.Snapshot) { s.Update = "version 1.2.0 is on trial" })
	require.Equal(t, []string{"About an update of the program"}, b.told())
	b.over(10*time.Minute, func(s *overview.Snapshot) {
		s.Why = []overview.Finding{{Cause: "version-old", Sentence: "The chain asks for version 2.", Cure: "update"}}
	})
	require.Contains(t, b.told(), "The program is too old")
	open := len(b.View().Open)
	b.over(time.Hour, unreachable)
	require.Len(t, b.View().Open, open+1, "without a chain it is not known whether that is over")
	b.over(10*time.Minute, nil)
	require.Empty(t, b.View().Open)
}

// TestALeaseOfAChainWithShortLeasesIsNotAlwaysLow.
func TestALeaseOfAChainWithShortLeasesIsNotAlwaysLow(t *testing.T) {
	b := newBench(t, nil)
	b.over(time.Hour, func(s *overview.Snapshot) { s.Chain.LeaseFullSeconds, s.Chain.LeaseSeconds = 3_600, 2_000 })
	require.Empty(t, b.told())
}

func TestFaultsOfBeforeTheFirstLookAreNotTold(t *testing.T) {
	b := newBench(t, nil)
	b.over(time.Hour, func(s *overview.Snapshot) { s.Chain.Missed, s.Chain.Wrong = 7, 2 })
	require.Empty(t, b.told())
	b.over(time.Minute, func(s *overview.Snapshot) { s.Chain.Missed, s.Chain.Wrong = 8, 2 })
	require.Equal(t, []string{"The chain has counted a fault"}, b.told())
	require.Contains(t, b.View().Recent[0].Text, "Missed deadlines: 1.")
	b.over(time.Minute, nil)
	require.Len(t, b.told(), 1, "counts that were set back are not told")
}

func TestPaymentsAreToldTogether(t *testing.T) {
	b := newBench(t, nil)
	paid := func(jobs uint64, pay string) func(*overview.Snapshot) {
		return func(s *overview.Snapshot) { s.Total.Paid, s.Total.Pay = jobs, pay }
	}
	b.over(time.Hour, paid(100, "1000000000000000000"))
	require.Empty(t, b.told())
	b.over(22*time.Hour, paid(101, "1500000000000000000"))
	require.Empty(t, b.told(), "not before the day is over")
	b.over(2*time.Hour, paid(140, "3500000000000000000"))
	require.Equal(t, []string{"Paid: 2.5 tfuel"}, b.told())
	require.Contains(t, b.View().Recent[0].Text, "40 jobs")
	b.over(48*time.Hour, paid(140, "3500000000000000000"))
	require.Len(t, b.told(), 1, "nothing was paid since")
}

func TestAKindThatIsOffIsNotTold(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Kinds = []Kind{Grant} })
	b.over(time.Hour, func(s *overview.Snapshot) {
		unreachable(s)
		s.Chain.JailUntil, s.Chain.LeaseSeconds, s.Chain.Missed, s.Total.Paid = 900, 1, 5, 9
	})
	require.Empty(t, b.told())
}

// TestTheBudgetOfAnHourJoinsWhatHasToWait: a machine with a hundred troubles sends a handful of alerts.
func TestTheBudgetOfAnHourJoinsWhatHasToWait(t *testing.T) {
	b := newBench(t, func(c *Config) { c.PerHour = 3 })
	cards := func(healthy bool) func(*overview.Snapshot) {
		return func(s *overview.Snapshot) {
			for i := range 40 {
				s.Cards = append(s.Cards, overview.Card{ID: fmt.Sprint(i), Model: "card", Ailment: "gone", Healthy: healthy})
			}
		}
	}
	b.over(30*time.Minute, cards(false))
	b.over(20*time.Minute, cards(true))
	released := func() (titles []string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, l := range b.book.Letters {
			if l.Released {
				titles = append(titles, l.Title)
			}
		}
		return titles
	}
	require.Equal(t, []string{"40 alerts", "40 alerts"}, released(), "what begins together is one letter, and so is its end")
	for i := range 30 {
		b.over(3*time.Minute, func(s *overview.Snapshot) {
			s.Cards = []overview.Card{{ID: fmt.Sprint("new", i), Model: "card", Ailment: "gone"}}
		})
	}
	require.LessOrEqual(t, len(released()), 2+6)
}

func TestAClockThatIsSetBackSilencesNothingForLong(t *testing.T) {
	b := newBench(t, func(c *Config) { c.PerHour = 1 })
	b.clock.pass(365 * 24 * time.Hour)
	b.over(time.Minute, func(s *overview.Snapshot) { s.Chain.JailUntil = 900 })
	require.Len(t, b.told(), 1)
	b.clock.pass(-365 * 24 * time.Hour)
	b.over(25*time.Hour, func(s *overview.Snapshot) { s.Chain.JailUntil = 900 })
	require.Len(t, b.told(), 2, "the reminder comes within a day")
	b.mu.Lock()
	defer b.mu.Unlock()
	require.LessOrEqual(t, len(b.book.Released), 1)
}

func TestADamagedBookIsPutAsideAndAMissingDiskStopsNothing(t *testing.T) {
	b := newBench(t, nil)
	require.NoError(t, os.WriteFile(filepath.Join(b.home, FileName), []byte("{\"conditions\":["), 0o600))
	b.restart(t)
	require.FileExists(t, filepath.Join(b.home, FileName+".damaged"))
	require.NoError(t, os.WriteFile(filepath.Join(b.home, FileName), []byte(`{"conditions":{"x":null},"letters":[null,{"open":{"one":null}}],"targets":{"one":null}}`), 0o600))
	b.restart(t)
	b.over(time.Minute, func(s *overview.Snapshot) { s.Chain.JailUntil = 900 })
	require.Len(t, b.told(), 1)
	require.NoError(t, os.RemoveAll(b.home))
	b.over(30*time.Minute, nil)
	require.Len(t, b.told(), 2)
}

// run sends letters until the test ends.
func (b *bench) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func TestATargetThatRefusesIsTriedAgainAndDoesNotHoldUpAnother(t *testing.T) {
	good, bad := listen(t, nil), listen(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	b := newBench(t, func(c *Config) {
		c.Targets = []*Target{parsed(t, bad.URL+"/"+secret), parsed(t, good.URL+"/hook")}
	})
	b.over(time.Minute, func(s *overview.Snapshot) { s.Chain.JailUntil = 900 })
	stop := b.run()
	require.Eventually(t, func() bool { return len(good.got()) == 1 && b.View().Targets[0].Error != "" }, time.Minute, 5*time.Millisecond)
	require.Contains(t, b.View().Targets[0].Error, "status 500")
	require.NotContains(t, fmt.Sprint(b.View()), secret)
	stop()
	bad.answers(nil)
	b.clock.pass(time.Hour)
	b.restart(t)
	stop = b.run()
	require.Eventually(t, func() bool { return b.View().Waiting == 0 }, time.Minute, 5*time.Millisecond)
	stop()
	require.Len(t, good.got(), 1, "the target that has it does not get it again")
	require.Contains(t, fmt.Sprint(bad.got()[len(bad.got())-1].Body["text"]), "This is of", "a late alert says so")
	raw, err := os.ReadFile(filepath.Join(b.home, FileName))
	require.NoError(t, err)
	require.NotContains(t, string(raw), secret)
}

// TestATargetThatNeverAnswersIsGivenUp: tries are bounded, and letters do not pile up.
func TestATargetThatNeverAnswersIsGivenUp(t *testing.T) {
	tries := 0
	b := newBench(t, nil)
	b.cfg.Targets[0].send = func(context.Context, Message) error { tries++; return errors.New("no") }
	b.over(time.Minute, func(s *overview.Snapshot) { s.Chain.JailUntil = 900 })
	for range 200 {
		b.mu.Lock()
		l, _ := b.book.next(b.clock.time(), "one")
		if l != nil {
			b.book.settle(b.clock.time(), l, "one", b.cfg.Targets[0].Send(t.Context(), Message{}))
		}
		b.mu.Unlock()
		b.clock.pass(15 * time.Minute)
	}
	require.LessOrEqual(t, tries, mostTries)
	require.Zero(t, b.View().Waiting)
	require.Equal(t, uint64(1), b.View().Targets[0].Dropped)
}

func TestTextsOfStrangersAreTextOnly(t *testing.T) {
	hostile := "<script>x</script> \x1b[2J\r\nBcc: a@b.c @everyone [click](https://evil.example) **bold** `code` \u202e" + strings.Repeat("long ", 1<<16)
	b := newBench(t, nil)
	b.over(10*time.Minute, func(s *overview.Snapshot) {
		s.Moniker = hostile
		s.Cards = []overview.Card{{ID: "1", Model: hostile, Ailment: hostile, Cure: hostile}}
	})
	r := b.View().Recent[0]
	for _, bad := range []string{"<", ">", "\x1b", "\r", "@everyone", "https://", "](", "**", "`", "\u202e"} {
		require.NotContains(t, r.Title+r.Text, bad)
	}
	require.Equal(t, 1, strings.Count(r.Text, "\n"), "only the line with what to do is ours")
	require.LessOrEqual(t, len(r.Text), 2*maxBody)
}
