package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/forecast"
	"github.com/thetaedge/theta/sidecar/store"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// earnedHome is a home in which a job was paid on each of some days, and whose chain does not answer.
func earnedHome(t *testing.T, days int) string {
	t.Helper()
	home := newHome(t)
	ledger, err := earnings.OpenLedger(home)
	require.NoError(t, err)
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	energy := uint64(3_600_000_000)
	var journal []store.Assignment
	for n := range days {
		a := store.Assignment{Key: store.Key{JobID: fmt.Sprintf("%d-0-0", n)}, Phase: store.PhaseSettled, FinishedAt: noon.AddDate(0, 0, -n)}
		a.Verdict = &store.Verdict{Status: "paid", Paid: "1000000000000000000"}
		a.Metrics = store.Metrics{WallMillis: 3_600_000, EnergyMillijoules: &energy}
		journal = append(journal, a)
	}
	require.NoError(t, ledger.Count(journal))
	return home
}

func TestEarningsAreShownWithoutADaemonAndSayWhatIsNotKnown(t *testing.T) {
	home := earnedHome(t, 3)
	out, err := run(t, "earnings", "--home", home, "--days", "2", "--dashboard.electricity", "0.30 EUR", "--dashboard.carbon", "de")
	require.NoError(t, err)
	require.Regexp(t, `2026-11-30 +1 +1 +- +1h0m0s +- +3600 kJ +381\.0 g +0\.3000 EUR`, out)
	require.Regexp(t, `total +2 +2`, out)
	require.NotContains(t, out, "2026-11-28")
	require.Contains(t, out, "not enough history")
	require.Contains(t, out, "average of Germany in 2023 (Ember)")
	require.Contains(t, out, "note: the chain: ")
	require.Contains(t, out, "note: single jobs: ")
}

func TestEarningsAsJSONAreThoseOfTheTable(t *testing.T) {
	home := earnedHome(t, 3)
	out, err := run(t, "earnings", "--home", home, "--json")
	require.NoError(t, err)
	var shown struct {
		Days  []map[string]any `json:"days"`
		Total struct {
			Paid uint64 `json:"paid"`
			Pay  string `json:"pay"`
		} `json:"total"`
		Forecast struct {
			Next struct{ Kind string } `json:"next"`
		} `json:"forecast"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &shown))
	require.Len(t, shown.Days, 3)
	require.Equal(t, uint64(3), shown.Total.Paid)
	require.Equal(t, "3000000000000000000", shown.Total.Pay)
	require.Equal(t, "too_short", shown.Forecast.Next.Kind)
}

func TestEarningsRefuseDaysThatAreNone(t *testing.T) {
	for _, days := range []string{"0", "-1", "100000"} {
		_, err := run(t, "earnings", "--home", newHome(t), "--days", days)
		require.ErrorContains(t, err, "--days: expected 1 to", days)
	}
	home := newHome(t)
	require.NoError(t, os.WriteFile(filepath.Join(home, earnings.LedgerFile), []byte("{"), 0o600))
	_, err := run(t, "earnings", "--home", home)
	require.ErrorContains(t, err, "move the file away")
}

func TestRegionsAreListedWithYearAndSource(t *testing.T) {
	out, err := run(t, "earnings", "--regions", "--home", t.TempDir())
	require.NoError(t, err)
	require.Regexp(t, `de +Germany +381 +2023 +Ember`, out)
	require.Contains(t, out, "Approximate")
}

func TestARecordOfTheDaemonIsWorthWhatTheJournalSays(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	record := recordOf(&sidecarv1.Assignment{
		JobId: "1-0-0", Task: 2, Round: 1, Outcome: "paid", Paid: "10", Share: "3", Slashed: "1", WallMs: 5, EnergyMj: 7, EnergySource: "rapl",
		FinishedAt: timestamppb.New(at),
	})
	var day earnings.Day
	day.Add(&record)
	require.Equal(t, earnings.Day{Ended: 1, Paid: 1, Faults: 1, Pay: "10", Share: "3", Lost: "1", WallMillis: 5, EnergyMillijoules: 7, Measured: 1, MeasuredMillis: 5}, day)
	require.True(t, record.FinishedAt.Equal(at))
	record = recordOf(&sidecarv1.Assignment{JobId: "1-0-0"})
	require.Nil(t, record.Metrics.EnergyMillijoules, "not measured, and not zero")
}

func TestForecastsAreToldWithWhatIsNotKnown(t *testing.T) {
	lines := forecastLines(forecast.Report{
		Next: forecast.Forecast{Kind: forecast.Known, Low: 8.123, Median: 12, High: 19.5}, Ended: 10, Inside: 8, ErrorPercent: 14.6,
	})
	require.Equal(t, []string{
		"next week: about 12.0 tfuel, in four of five weeks 8.12 to 19.5",
		"earlier forecasts: 8 of 10 were right (four of five should be); half of the medians were wrong by 15% or less",
	}, lines)
	require.Contains(t, forecastLines(forecast.Report{Next: forecast.Forecast{Kind: forecast.TooUnsteady}})[0], "changed too much")
}

func TestTheShareIsThatOfTheEpoch(t *testing.T) {
	class := edgenodetypes.QueryClassResponse{Epoch: 3, Snapshot: edgenodetypes.ClassSnapshot{Weight: math.NewInt(200)}}
	state := edgenodetypes.NodeState{Weights: []edgenodetypes.WeightCheckpoint{{Epoch: 2, Weight: math.NewInt(50)}, {Epoch: 4, Weight: math.NewInt(100)}}}
	require.InDelta(t, 0.25, shareOf(state, class), 1e-9)
	class.Epoch = 4
	require.InDelta(t, 0.5, shareOf(state, class), 1e-9)
	class.Snapshot.Weight = math.ZeroInt()
	require.Zero(t, shareOf(state, class))
	require.Zero(t, shareOf(edgenodetypes.NodeState{}, edgenodetypes.QueryClassResponse{}))
	require.InDelta(t, 2.5, inCoins(params.Tfuel(5).QuoRaw(2)), 1e-9)
}

func TestPayoutRulesThatContradictThemselvesAreRefusedBeforeTheChainIsAsked(t *testing.T) {
	home := newHome(t)
	account, validator := sdk.AccAddress(make([]byte, 20)).String(), sdk.ValAddress(make([]byte, 20)).String()
	for name, c := range map[string]struct {
		flags []string
		want  string
	}{
		"nothing":              {nil, "found 0 of them"},
		"both":                 {[]string{"--to", account, "--delegate", validator}, "found 2 of them"},
		"operator and another": {[]string{"--to", account, "--to-operator"}, "found 2 of them"},
		"no address":           {[]string{"--to", "theta1x"}, "--to: expected the address of an account"},
		"a validator to pay":   {[]string{"--to", validator}, "--to: expected the address of an account"},
		"no validator":         {[]string{"--delegate", account}, "--delegate: expected the address of a validator"},
	} {
		_, err := run(t, append([]string{"payout", "set", "--home", home, "--from", "op", "--keyring-dir", home}, c.flags...)...)
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestPercentsAreRoundedUp(t *testing.T) {
	require.Equal(t, "0.001", percentText(math.NewInt(1), math.NewInt(1_000_000)))
	require.Equal(t, "50.000", percentText(math.NewInt(1), math.NewInt(2)))
	require.Equal(t, "33.334", percentText(math.NewInt(1), math.NewInt(3)))
}

// TestADamagedForecastDoesNotHideWhatWasEarned: it is an estimate, and the days are not.
func TestADamagedForecastDoesNotHideWhatWasEarned(t *testing.T) {
	home := earnedHome(t, 2)
	require.NoError(t, os.WriteFile(filepath.Join(home, forecast.File), []byte("{"), 0o600))
	out, err := run(t, "earnings", "--home", home)
	require.NoError(t, err)
	require.Contains(t, out, "2026-11-30")
	require.Contains(t, out, "the forecast: ")
	require.Contains(t, out, "move the file away")
}
