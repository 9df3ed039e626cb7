package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func ratesOf(t *testing.T, c Config, err error) Rates {
	t.Helper()
	require.NoError(t, err)
	rates, err := c.Policy.Rates()
	require.NoError(t, err)
	return rates
}

func TestRatesAreReadForEachProfileOrOnceForAll(t *testing.T) {
	usual, err := Default().Policy.Rates()
	require.NoError(t, err)
	for text, want := range map[string]Rates{
		`["wasm/1=5", "tensor/1=7"]`: {Of: map[string]uint64{"wasm/1": 5, "tensor/1": 7}},
		`[ "tensor/1 = 0" ]`:         {Of: map[string]uint64{"wasm/1": usual.Rate("wasm/1"), "tensor/1": 0}},
		`1500000000`:                 {Every: 1_500_000_000},
		`["9"]`:                      {Every: 9},
		`0`:                          {},
	} {
		c, err := Load(homeWith(t, "[policy]\nfuel-per-block = "+text+"\n"), nil, nil)
		require.Equal(t, want, ratesOf(t, c, err), text)
	}
	c, err := Load(t.TempDir(), flagsWith(t, "--policy.fuel-per-block", "wasm/1=5,tensor/1=7"), nil)
	require.Equal(t, Rates{Of: map[string]uint64{"wasm/1": 5, "tensor/1": 7}}, ratesOf(t, c, err))
	c, err = Load(t.TempDir(), nil, []string{"THETAEDGE_POLICY_FUEL_PER_BLOCK=12"})
	found := ratesOf(t, c, err)
	require.Equal(t, Rates{Every: 12}, found)
	require.EqualValues(t, 12, found.Rate("tensor/1"))
	require.EqualValues(t, 12, found.Least())
	require.EqualValues(t, 5, Rates{Of: map[string]uint64{"wasm/1": 5, "tensor/1": 7}}.Least())
}

func TestRatesThatCannotBeMeantSayWhatIsExpected(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                       "a rate for each profile",
		`["wasm/9=5"]`:             `one of the profiles wasm/1, tensor/1, found "wasm/9"`,
		`["wasm/1=5", "wasm/1=6"]`: "wasm/1 twice",
		`["wasm/1=05"]`:            `decimal digits without leading zeros, found "05"`,
		`["wasm/1=-5"]`:            `found "-5"`,
		`["wasm/1=1e9"]`:           `found "1e9"`,
		`["wasm/1=5", "7"]`:        `PROFILE=FUEL for each profile or one number for all, found "7"`,
		`1.5`:                      `found "1.5"`,
		`-1`:                       `found "-1"`,
	} {
		_, err := Load(homeWith(t, "[policy]\nfuel-per-block = "+text+"\n"), nil, nil)
		require.ErrorContains(t, err, "policy.fuel-per-block: ", text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := Load(t.TempDir(), flagsWith(t, "--policy.fuel-per-block", "010"), nil)
	require.ErrorContains(t, err, "decimal digits")
}

func TestMeasuredRatesAreWrittenAndTheRestOfTheSettingsStays(t *testing.T) {
	rates := map[string]uint64{"wasm/1": 11, "tensor/1": 13}
	made := t.TempDir()
	require.NoError(t, Write(made, Default()))
	for name, home := range map[string]string{
		"made by init":  made,
		"one number":    homeWith(t, "# mine\n[policy]\nmax-jobs = 1\nfuel-per-block = 5 # slow\n[work]\nretention = \"24h\"\n"),
		"several lines": homeWith(t, "# mine\n[ policy ] # all\nfuel-per-block = [\n  \"wasm/1=5\",\n  \"tensor/1=6\",\n] # slow\nmax-jobs = 1\n"),
		"without it":    homeWith(t, "# mine\n[chain]\n# fuel-per-block = 1\n[policy]\nmax-jobs = 1 # slow\n"),
		"no section":    homeWith(t, "# mine\n# slow\n"),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, SetRates(home, rates))
			c, err := Load(home, nil, nil)
			require.Equal(t, Rates{Of: rates}, ratesOf(t, c, err))
			want := Default()
			want.Policy.FuelPerBlock = []string{"wasm/1=11", "tensor/1=13"}
			require.Equal(t, want, c, "nothing else has changed")
			text, err := os.ReadFile(filepath.Join(home, FileName))
			require.NoError(t, err)
			if name == "made by init" {
				rendered, err := Render(want)
				require.NoError(t, err)
				require.Equal(t, string(rendered), string(text))
				return
			}
			require.Contains(t, string(text), "# mine")
			require.Contains(t, string(text), "# slow")
		})
	}
}

func TestSettingsInAFormThatIsNotRecognizedStayAsTheyAre(t *testing.T) {
	for _, text := range []string{"policy.fuel-per-block = 5\n", "[policy]\n\"fuel-per-block\" = 5\n", "policy = { fuel-per-block = 5 }\n"} {
		home := homeWith(t, text)
		err := SetRates(home, map[string]uint64{"wasm/1": 11})
		require.ErrorContains(t, err, `fuel-per-block = ["wasm/1=11"]`, text)
		found, err := os.ReadFile(filepath.Join(home, FileName))
		require.NoError(t, err)
		require.Equal(t, text, string(found))
		require.False(t, strings.Contains(string(found), "11"))
	}
}
