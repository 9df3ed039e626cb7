package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
)

func TestPayoutAndCarbonThatCannotWorkAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"[payout]\ncollect = \"5tfuel\"\n":                 "",
		"[payout]\ncollect = \"5000000000000000atfuel\"\n": "",
		"[payout]\ncollect = \"0tfuel\"\n":                 "payout.collect",
		"[payout]\ncollect = \"-5tfuel\"\n":                "payout.collect",
		"[payout]\ncollect = \"5utoken\"\n":                "payout.collect",
		"[payout]\ncollect = \"five\"\n":                   "payout.collect",
		"[payout]\nmost-fee-percent = 0\n":                 "payout.most-fee-percent",
		"[payout]\nmost-fee-percent = 101\n":               "payout.most-fee-percent",
		"[payout]\nmost-fee-percent = nan\n":               "payout.most-fee-percent",
		"[payout]\nmost-fee-percent = 0.5\n":               "",
		"[dashboard]\ncarbon = \"de\"\n":                   "",
		"[dashboard]\ncarbon = \"380 g/kWh\"\n":            "",
		"[dashboard]\ncarbon = \"atlantis\"\n":             "dashboard.carbon",
		"[dashboard]\ncarbon = \"1000000000 g/kWh\"\n":     "dashboard.carbon",
		"[dashboard]\nelectricity = \"1000000000 EUR\"\n":  "dashboard.electricity",
		"[dashboard]\nelectricity = \"0 EUR\"\n":           "",
	} {
		home := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(home, FileName), []byte(text), 0o600))
		_, err := Load(home, nil, nil)
		if want == "" {
			require.NoError(t, err, text)
		} else {
			require.ErrorContains(t, err, want, text)
		}
	}
}

func TestNothingIsCollectedUnlessTheOwnerSaysFromWhichAmountOn(t *testing.T) {
	_, on, err := Default().Payout.Least()
	require.NoError(t, err)
	require.False(t, on)
	least, on, err := Payout{Collect: "5tfuel", MostFeePercent: 0.5}.Least()
	require.NoError(t, err)
	require.True(t, on)
	require.Equal(t, params.TfuelCoin(5), least)
	require.Equal(t, int64(50), Payout{MostFeePercent: 0.5}.FeeBps())
}
