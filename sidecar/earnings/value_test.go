package earnings

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/carbon"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/store"
)

func priced(t *testing.T, electricity, coin string) Valuation {
	t.Helper()
	v := Valuation{OperatorBps: 8_500}
	var err error
	v.Electricity, err = config.ParsePrice(electricity)
	require.NoError(t, err)
	v.Coin, err = config.ParsePrice(coin)
	require.NoError(t, err)
	return v
}

func measuredDay() Day {
	return Day{
		Ended: 2, Measured: 2, EnergyMillijoules: 3_600_000_000, WallMillis: 7_200_000, MeasuredMillis: 7_200_000,
		Pay: "1000000000000000000", Share: "100000000000000000", Lost: "50000000000000000",
	}
}

func TestElectricityIsSubtractedOnlyWhereAllOfItIsKnown(t *testing.T) {
	v, day := priced(t, "0.30 EUR", "2 EUR"), measuredDay()
	row := v.Row(day)
	require.Equal(t, "900000000000000000", row.Earned)
	require.Equal(t, "0.3000 EUR", row.Cost)
	require.Equal(t, "1.5000 EUR", row.Net)
	require.False(t, row.Loss)

	day.Measured = 1
	row = v.Row(day)
	require.Equal(t, "0.3000 EUR", row.Cost)
	require.Empty(t, row.Net, "the energy of one job is not known")
	day.Measured = 2
	require.Empty(t, Valuation{0, v.Electricity, v.Coin, carbon.Factor{}}.Row(day).Net, "the split is not known")
	require.Empty(t, Valuation{8_500, v.Electricity, config.Price{}, carbon.Factor{}}.Row(day).Net)
	require.Empty(t, Valuation{8_500, config.Price{}, v.Coin, carbon.Factor{}}.Row(day).Cost)
	day.Lost = "2000000000000000000"
	row = v.Row(day)
	require.True(t, row.Loss)
	require.Equal(t, "−2.4000 EUR", row.Net)
	require.Equal(t, "−1.2000 EUR", row.NetPerHour)
	require.Equal(t, "-1050000000000000000", row.Earned)
	require.Equal(t, "0.000089 EUR", MoneyText(CostOf(1_000_000, config.Price{Micros: 320_000, Currency: "EUR"}), "EUR"), "rounded up")
}

func TestAnHourOfWorkIsOneInWhichProgramsRan(t *testing.T) {
	v, day := priced(t, "0.30 EUR", "2 EUR"), measuredDay()
	row := v.Row(day)
	require.Equal(t, "450000000000000000", row.PerHour)
	require.Equal(t, "0.7500 EUR", row.NetPerHour)
	day.WallMillis = 0
	row = v.Row(day)
	require.Empty(t, row.PerHour, "of no time")
	require.Empty(t, row.NetPerHour)
	require.Equal(t, "1.5000 EUR", row.Net)
}

func TestATariffOfZeroIsATariffAndTheHighestOneDoesNotOverflow(t *testing.T) {
	day := measuredDay()
	row := priced(t, "0 EUR", "2 EUR").Row(day)
	require.Equal(t, "0.000000 EUR", row.Cost)
	require.Equal(t, "1.8000 EUR", row.Net)
	row = priced(t, "999999999.999999 EUR", "0 EUR").Row(day)
	require.Equal(t, "999999999.9999 EUR", row.Cost)
	require.Equal(t, "−999999999.9999 EUR", row.Net)
	require.True(t, row.Loss)
	day.EnergyMillijoules = 1<<64 - 1
	require.NotEmpty(t, priced(t, "999999999 EUR", "1 EUR").Row(day).Net)
	_, err := config.ParsePrice("1000000000 EUR")
	require.ErrorContains(t, err, "at most 9 digits")
}

func TestWhatWasNotMeasuredHasNoCostAndNoCarbon(t *testing.T) {
	v, day := priced(t, "0.30 EUR", "2 EUR"), measuredDay()
	var err error
	v.Carbon, err = carbon.Parse("500 g/kWh")
	require.NoError(t, err)
	require.Equal(t, "500.0 g", v.Row(day).Carbon)
	require.Equal(t, uint64(100), v.Row(day).MeasuredPercent())
	day.MeasuredMillis = 1_800_000
	require.Equal(t, uint64(25), v.Row(day).MeasuredPercent())
	day.Measured, day.EnergyMillijoules = 0, 0
	row := v.Row(day)
	require.Empty(t, row.Cost)
	require.Empty(t, row.Carbon)
}

func TestPayInOtherCoinsIsNotAddedToThoseOfTheChain(t *testing.T) {
	other := ended(1, time.Now(), "5", "", nil)
	other.Verdict.Denom = "utoken"
	var day Day
	for _, a := range []store.Assignment{other, ended(2, time.Now(), "7", "", nil)} {
		day.Add(&a)
	}
	require.Equal(t, "7", day.Pay)
	require.Equal(t, uint64(1), day.Foreign)
	require.Equal(t, uint64(2), day.Paid)
}

func TestAReportHasTheNewestDaysTheirSumAndJobsWithTheirReceipts(t *testing.T) {
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	journal := []store.Assignment{ended(1, noon.AddDate(0, 0, -1), "5", "", nil), ended(2, noon, "7", "", nil), ended(3, noon.Add(time.Minute), "", "3", nil)}
	ledger, err := OpenLedger(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, ledger.Count(journal))
	report := Valuation{OperatorBps: 10_000}.Report(ledger.Days(), 1, journal, 2)
	require.Len(t, report.Days, 1)
	require.Equal(t, "4", report.Total.Earned)
	require.Len(t, report.Jobs, 2)
	require.Equal(t, "3-0-0", report.Jobs[0].JobID)
	require.Equal(t, "2026-11-30 12:01:00", report.Jobs[0].Date)
	require.Equal(t, "paid", report.Jobs[1].Outcome)
}
