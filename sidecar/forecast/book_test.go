package forecast_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/forecast"
)

// watch looks at a steady market: a task of 1 tfuel is settled every minute, and the node has a hundredth of it.
type watch struct {
	t    *testing.T
	home string
	book *forecast.Book
	seen forecast.Seen
}

func newWatch(t *testing.T) *watch {
	w := &watch{t: t, home: t.TempDir()}
	w.seen = forecast.Seen{At: time.Unix(1_800_000_000, 0).Truncate(24 * time.Hour), Chain: "a", Class: "cpu-small", Price: 1, Share: 0.01, Ready: true, Part: 0.88}
	w.reopen()
	w.look(0)
	return w
}

func (w *watch) reopen() {
	w.t.Helper()
	var err error
	w.book, err = forecast.OpenBook(w.home)
	require.NoError(w.t, err)
}

// look looks again after a time in which the market went on.
func (w *watch) look(after time.Duration) {
	w.t.Helper()
	w.seen.At = w.seen.At.Add(after)
	w.seen.Settled += uint64(after / time.Minute)
	if w.seen.Ready && after <= time.Hour {
		w.seen.Gross += after.Minutes() / 100
	}
	require.NoError(w.t, w.book.See(w.seen))
}

func (w *watch) run(long time.Duration) {
	w.t.Helper()
	for range long / forecast.LookEvery {
		w.look(forecast.LookEvery)
	}
}

// hours returns the hours in the file.
func (w *watch) hours() []forecast.Hour {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.home, forecast.File))
	require.NoError(w.t, err)
	var file struct {
		Hours []forecast.Hour `json:"hours"`
	}
	require.NoError(w.t, json.Unmarshal(raw, &file))
	return file.Hours
}

func TestTheFirstWeekHasNotEnoughHistory(t *testing.T) {
	w := newWatch(t)
	require.Equal(t, forecast.TooShort, w.book.Report().Next.Kind)
	w.run(7*24*time.Hour - forecast.LookEvery)
	require.Equal(t, forecast.TooShort, w.book.Report().Next.Kind)
	w.run(forecast.LookEvery)
	next := w.book.Report().Next
	require.Equal(t, forecast.Known, next.Kind)
	require.InDelta(t, 7*24*60*0.01*0.88, next.Median, 1)
	require.Less(t, next.High, 3*next.Low)
}

// TestTheFirstHoursTellWhatTheClassPays: also to a node that does not work yet.
func TestTheFirstHoursTellWhatTheClassPays(t *testing.T) {
	for _, ready := range []bool{true, false} {
		w := newWatch(t)
		w.seen.Ready, w.seen.Share = ready, 0.25
		w.run(3 * time.Hour)
		next := w.book.Report().Next
		require.Equal(t, forecast.TooShort, next.Kind)
		require.InDelta(t, 60, next.ClassHour, 0.01)
		require.InDelta(t, 7*24*next.ClassHour/4, next.ClassShare, 0.01)
	}
	w := newWatch(t)
	w.seen.Share = 0
	w.run(3 * time.Hour)
	require.Zero(t, w.book.Report().Next.ClassShare, "it has no weight yet")
}

func TestANodeThatEarnsNothingHasNoForecast(t *testing.T) {
	w := newWatch(t)
	w.seen.Ready = false
	w.run(8 * 24 * time.Hour)
	require.Equal(t, forecast.TooShort, w.book.Report().Next.Kind)
}

func TestForecastsAreComparedWithWhatWasEarned(t *testing.T) {
	w := newWatch(t)
	w.run(22 * 24 * time.Hour)
	w.reopen()
	report := w.book.Report()
	require.Equal(t, 9, report.Ended, "one a day from the eighth on, whose week is over")
	require.Equal(t, 9, report.Inside)
	require.Less(t, report.ErrorPercent, 1.0)
	require.Len(t, report.Past, 2)
	require.Equal(t, w.seen.At.AddDate(0, 0, -7).UTC(), report.Past[0].Start())
	require.InDelta(t, 7*24*60*0.01*0.88, report.Past[0].Earned, 0.01)
	// The owner switches the machine off: the next forecasts turn out too high.
	w.seen.Ready = false
	w.run(8 * 24 * time.Hour)
	report = w.book.Report()
	require.Less(t, report.Inside, report.Ended)
	require.Zero(t, report.Past[0].Earned)
}

func TestTimeWithoutTheDaemonIsPaidToOthers(t *testing.T) {
	w := newWatch(t)
	w.run(2 * time.Hour)
	w.reopen()
	w.look(5 * time.Hour)
	hours := w.hours()
	require.Len(t, hours, 7)
	for i, h := range hours {
		require.Equal(t, hours[0].At+int64(i), h.At, "without gaps")
		require.InDelta(t, 60, h.Market, 1e-6)
		online := 1.0
		if i >= 2 {
			online = 0
		}
		require.InDelta(t, online, h.Online, 1e-6)
	}
}

func TestEveryAmountIsCountedOnceOverRestarts(t *testing.T) {
	w := newWatch(t)
	for range 50 {
		w.look(17 * time.Minute)
		w.look(3 * time.Minute)
		w.reopen() // also after a look that was not written
	}
	w.look(time.Hour)
	market, earned := 0.0, 0.0
	for _, h := range w.hours() {
		market, earned = market+h.Market, earned+h.Earned
	}
	require.InDelta(t, float64(w.seen.Settled), market, 121)
	require.InDelta(t, w.seen.Gross*0.88, earned, 1.1)
}

func TestAnotherChainLedgerOrClockBeginsANewSeries(t *testing.T) {
	steady := newWatch(t)
	steady.run(15 * 24 * time.Hour)
	ended := steady.book.Report().Ended
	require.Positive(t, ended)
	file, err := os.ReadFile(filepath.Join(steady.home, forecast.File))
	require.NoError(t, err)
	for name, change := range map[string]func(*forecast.Seen){
		"another chain":     func(s *forecast.Seen) { s.Chain = "b" },
		"a ledger anew":     func(s *forecast.Seen) { s.Gross = 0 },
		"the clock back":    func(s *forecast.Seen) { s.At = s.At.AddDate(-1, 0, 0) },
		"the clock forward": func(s *forecast.Seen) { s.At = s.At.AddDate(1, 0, 0) },
	} {
		w := &watch{t: t, home: t.TempDir(), seen: steady.seen}
		require.NoError(t, os.WriteFile(filepath.Join(w.home, forecast.File), file, 0o600))
		w.reopen()
		change(&w.seen)
		require.NoError(t, w.book.See(w.seen))
		require.Empty(t, w.hours(), name)
		report := w.book.Report()
		require.Equal(t, forecast.TooShort, report.Next.Kind, name)
		require.Equal(t, ended, report.Ended, "what is over stays")
	}
}

// TestOneNodeThatLiesDoesNotEndTheSeries: the class and the paid tasks are what a node of the chain says.
func TestOneNodeThatLiesDoesNotEndTheSeries(t *testing.T) {
	for name, lie := range map[string]func(*forecast.Seen){
		"no paid tasks": func(s *forecast.Seen) { s.Settled = 0 },
		"another class": func(s *forecast.Seen) { s.Class, s.Settled, s.Share = "cpu-large", 1<<60, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatch(t)
			w.run(8 * 24 * time.Hour)
			before := w.book.Report()
			for range 50 * time.Minute / forecast.LookEvery {
				honest := w.seen
				w.seen.At = w.seen.At.Add(forecast.LookEvery)
				w.seen.Gross += forecast.LookEvery.Minutes() / 100
				lie(&w.seen)
				require.ErrorIs(t, w.book.See(w.seen), forecast.ErrContradicted)
				at, gross := w.seen.At, w.seen.Gross
				w.seen = honest
				w.seen.At, w.seen.Gross, w.seen.Settled = at, gross, w.seen.Settled+uint64(forecast.LookEvery/time.Minute)
			}
			w.run(70 * time.Minute)
			hours := w.hours()
			require.Len(t, hours, 8*24+2)
			market, earned := 0.0, 0.0
			for _, h := range hours {
				market, earned = market+h.Market, earned+h.Earned
				require.InDelta(t, 1, h.Online, 1e-6, "the node has worked meanwhile")
				require.Equal(t, 0.01, h.Share)
			}
			require.InDelta(t, float64(w.seen.Settled), market, 1, "what was paid meanwhile counts later")
			require.InDelta(t, w.seen.Gross*0.88, earned, 0.05, "up to the last look")
			require.InDelta(t, before.Next.Median, w.book.Report().Next.Median, 0.05*before.Next.Median)
		})
	}
}

func TestAnotherClassForAnHourBeginsANewSeries(t *testing.T) {
	w := newWatch(t)
	w.run(48 * time.Hour)
	w.seen.Class = "cpu-large"
	for {
		w.seen.At = w.seen.At.Add(forecast.LookEvery)
		if err := w.book.See(w.seen); err == nil {
			break
		}
		require.NotEmpty(t, w.hours())
	}
	require.Empty(t, w.hours())
}

// TestFewerPaidTasksForAnHourKeepTheSeries: an earlier node has named too many, and is not asked any more.
func TestFewerPaidTasksForAnHourKeepTheSeries(t *testing.T) {
	w := newWatch(t)
	w.run(48 * time.Hour)
	w.seen.Settled -= 1_000
	var failed time.Duration
	for {
		w.seen.At, w.seen.Settled = w.seen.At.Add(forecast.LookEvery), w.seen.Settled+5
		if err := w.book.See(w.seen); err == nil {
			break
		}
		failed += forecast.LookEvery
	}
	require.Equal(t, time.Hour, failed)
	w.run(2 * time.Hour)
	hours := w.hours()
	require.Len(t, hours, 48+3)
	require.Zero(t, hours[48].Market)
	require.InDelta(t, 60, hours[48+2].Market, 1e-6, "it goes on from there")
}

func TestALittleClockErrorOrAFalsePriceDoesNotEndTheSeries(t *testing.T) {
	w := newWatch(t)
	w.run(24 * time.Hour)
	w.seen.At = w.seen.At.Add(-time.Hour)
	require.NoError(t, w.book.See(w.seen))
	w.seen.At = w.seen.At.Add(time.Hour)
	w.run(time.Hour)
	require.Len(t, w.hours(), 25)
	w.seen.Price = math.NaN()
	require.ErrorContains(t, w.book.See(w.seen), "left out")
	w.seen.Price = 1
	w.run(time.Hour)
	require.Len(t, w.hours(), 26)
}

func TestADamagedBookIsNamedAndNotOverwritten(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, forecast.File)
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := forecast.OpenBook(home)
	require.ErrorContains(t, err, "move the file away")
	left, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "{", string(left))
}

func TestAMarketThatChangesTooMuchHasNoInterval(t *testing.T) {
	var hours []forecast.Hour
	for i := range int64(12 * week) {
		h := forecast.Hour{At: i, Market: 10, Share: 0.1, Online: 1, Earned: 0.02}
		if i/week%2 == 0 {
			h.Earned = 1
		}
		hours = append(hours, h)
	}
	next := forecast.Next(hours)
	require.Equal(t, forecast.TooUnsteady, next.Kind)
	require.Zero(t, next.High)
}

func TestAShareThatHasJustDoubledDoublesTheForecast(t *testing.T) {
	var hours []forecast.Hour
	for i := range int64(4 * week) {
		h := forecast.Hour{At: i, Market: 10, Share: 0.1, Online: 1, Earned: 1}
		if i >= 4*week-24 {
			h.Share, h.Earned = 0.2, 2
		}
		hours = append(hours, h)
	}
	require.InDelta(t, 2*week, forecast.Next(hours).Median, 0.05*week)
}

// TestAFileWhoseHoursDoNotFollowEachOtherBeginsANewSeries: it would make the daemon close hours without end, and every
// page that shows the forecast would wait for it.
func TestAFileWhoseHoursDoNotFollowEachOtherBeginsANewSeries(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 10, 0, 0, time.UTC)
	for name, open := range map[string]int64{"long ago": math.MinInt64 / 2, "ahead": math.MaxInt64 / 2, "none": 0} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			raw := fmt.Sprintf(`{"chain":"a","class":"c","mark":{"at":%q,"settled":3,"gross":1,"other":0},"open":{"at":%d}}`, at.Format(time.RFC3339), open)
			require.NoError(t, os.WriteFile(filepath.Join(home, forecast.File), []byte(raw), 0o600))
			book, err := forecast.OpenBook(home)
			require.NoError(t, err)
			seen := make(chan error, 1)
			go func() {
				seen <- book.See(forecast.Seen{At: at.Add(5 * time.Minute), Chain: "a", Class: "c", Settled: 4, Price: 1, Gross: 2, Part: 1})
			}()
			select {
			case err := <-seen:
				require.NoError(t, err)
			case <-time.After(30 * time.Second):
				t.Fatal("it closes hours without end")
			}
			require.Equal(t, forecast.TooShort, book.Report().Next.Kind)
		})
	}
}
