package earnings

import (
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/sidecar/store"
)

func ended(n int, at time.Time, paid, slashed string, energy *uint64) store.Assignment {
	a := store.Assignment{Key: store.Key{JobID: fmt.Sprintf("%d-0-0", n)}, Phase: store.PhaseSettled, FinishedAt: at}
	a.Verdict = &store.Verdict{Status: "paid", Paid: paid, Slashed: slashed}
	a.Metrics = store.Metrics{Fuel: 10, WallMillis: 20, EnergyMillijoules: energy}
	return a
}

func TestEachAssignmentIsCountedOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		home, err := os.MkdirTemp("", "ledger-")
		require.NoError(r, err)
		defer os.RemoveAll(home)
		ledger, err := OpenLedger(home)
		require.NoError(r, err)
		at := time.Unix(1_800_000_000, 0)
		var all []store.Assignment
		want := big.NewInt(0)
		for n := range rapid.IntRange(0, 30).Draw(r, "assignments") {
			// Several may end at the same time, and the journal may have forgotten the oldest.
			at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 40_000}).Draw(r, "later")) * time.Second)
			paid := rapid.Int64Range(0, 1<<60).Draw(r, "paid")
			want.Add(want, big.NewInt(paid))
			all = append(all, ended(n, at, fmt.Sprint(paid), "", nil))
			if rapid.Bool().Draw(r, "count") {
				require.NoError(r, ledger.Count(all))
				if rapid.Bool().Draw(r, "forget") {
					all = all[len(all)-1:]
				}
			}
			if rapid.Bool().Draw(r, "restart") {
				ledger, err = OpenLedger(home)
				require.NoError(r, err)
			}
		}
		require.NoError(r, ledger.Count(all))
		require.NoError(r, ledger.Count(all))
		var total Day
		for _, day := range ledger.Days() {
			total.Merge(day)
		}
		require.Equal(r, want.String(), whole(total.Pay).String())
	})
}

// TestAWrongClockLosesNoEarnings: a clock that is put right ends assignments before others that have ended
// already, and one that was far ahead must not keep what comes later from being counted.
func TestAWrongClockLosesNoEarnings(t *testing.T) {
	home := t.TempDir()
	ledger, err := OpenLedger(home)
	require.NoError(t, err)
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	journal := []store.Assignment{ended(1, noon, "1", "", nil)}
	count := func(want string) {
		t.Helper()
		for range 2 {
			require.NoError(t, ledger.Count(journal))
			var total Day
			for _, day := range ledger.Days() {
				total.Merge(day)
			}
			require.Equal(t, want, total.Pay)
			ledger, err = OpenLedger(home)
			require.NoError(t, err)
		}
	}
	count("1")
	journal = append(journal, ended(2, noon.AddDate(70, 0, 0), "10", "", nil))
	count("11")
	journal = append(journal, ended(3, noon.Add(time.Hour), "100", "", nil))
	count("111")
	journal = append(journal, ended(4, noon.Add(-time.Hour), "1000", "", nil))
	count("1111")
	journal = journal[2:] // the journal forgets
	count("1111")
	journal = append(journal, ended(5, noon.Add(2*time.Hour), "10000", "", nil))
	count("11111")
	require.Len(t, ledger.books.Counted, 3, "the ledger forgets what the journal has forgotten")
}

// TestALedgerOfAnEarlierVersionIsContinued: it names the end of the last assignment that was counted.
func TestALedgerOfAnEarlierVersionIsContinued(t *testing.T) {
	home := t.TempDir()
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	old := fmt.Sprintf(`{"until": %q, "at": [%q], "days": [{"date": "2026-11-30", "ended": 2, "paid": 2, "pay": "3"}]}`, noon.Format(time.RFC3339Nano), ended(2, noon, "2", "", nil).Key)
	require.NoError(t, os.WriteFile(filepath.Join(home, LedgerFile), []byte(old), 0o600))
	journal := []store.Assignment{ended(1, noon.Add(-time.Hour), "1", "", nil), ended(2, noon, "2", "", nil), ended(3, noon, "10", "", nil), ended(4, noon.Add(time.Second), "100", "", nil)}
	for range 2 {
		ledger, err := OpenLedger(home)
		require.NoError(t, err)
		require.NoError(t, ledger.Count(journal))
		require.Equal(t, "113", ledger.Days()[0].Pay)
	}
}

func TestDaysAreThoseOfTheMachineAndNewestFirst(t *testing.T) {
	ledger, err := OpenLedger(t.TempDir())
	require.NoError(t, err)
	energy := uint64(3_600_000)
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	require.NoError(t, ledger.Count([]store.Assignment{
		ended(1, noon.AddDate(0, 0, -1), "5", "", &energy), ended(2, noon, "7", "", nil), ended(3, noon.Add(time.Minute), "", "3", &energy),
		{Key: store.Key{JobID: "4-0-0"}, Phase: store.PhaseReleased, FinishedAt: noon},
	}))
	days := ledger.Days()
	require.Len(t, days, 2)
	require.Equal(t, Day{Date: "2026-11-30", Ended: 2, Paid: 1, Faults: 1, Pay: "7", Share: "0", Lost: "3", Fuel: 20, WallMillis: 40, EnergyMillijoules: energy, Measured: 1, MeasuredMillis: 20}, days[0])
	require.Equal(t, "2026-11-29", days[1].Date)
}

func TestADamagedLedgerIsNotOverwritten(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, LedgerFile)
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := OpenLedger(home)
	require.ErrorContains(t, err, "move the file away")
	left, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "{", string(left))
}
