package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func renderedHome(t *testing.T, edit func(string) string) (home, text string) {
	t.Helper()
	home = t.TempDir()
	raw, err := Render(Default())
	require.NoError(t, err)
	text = edit(string(raw))
	require.NoError(t, os.WriteFile(filepath.Join(home, FileName), []byte(text), 0o600))
	return home, text
}

func settingsOf(t *testing.T, home string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(home, FileName))
	require.NoError(t, err)
	return string(raw)
}

func same(text string) string { return text }

func TestADraftChangesItsValuesAndNothingElse(t *testing.T) {
	home, before := renderedHome(t, func(text string) string { return text + "# a comment of the owner\n" })
	draft, err := NewDraft(home, nil, map[string]string{
		"policy.max-jobs": "3", "policy.min-rewards": "0.5tfuel\r\n", "policy.max-memory": "4GiB",
		"work.retention": "48h0m0s", "dashboard.electricity": "0.32 EUR", "fees.duty-percent": "7.5", "work.refuse-private": "false",
		"policy.trust": "named",
	})
	require.NoError(t, err)
	require.True(t, draft.Changes())
	require.Equal(t, before, settingsOf(t, home), "a draft does not write")
	require.Equal(t, 1, draft.Old.Policy.MaxJobs)
	require.Equal(t, 3, draft.New.Policy.MaxJobs)
	require.Equal(t, []string{"0.5tfuel"}, draft.New.Policy.MinRewards)
	require.NoError(t, draft.Write())

	loaded, err := Load(home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, draft.New, loaded)
	after := settingsOf(t, home)
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	require.Len(t, is, len(was))
	changed := 0
	for i := range was {
		if was[i] != is[i] {
			changed++
		}
	}
	require.Equal(t, 7, changed)
}

func TestADraftOfTheSameValuesChangesNothing(t *testing.T) {
	home, before := renderedHome(t, same)
	values, err := Values(home)
	require.NoError(t, err)
	keys, err := Keys()
	require.NoError(t, err)
	require.Len(t, values, len(keys))
	draft, err := NewDraft(home, nil, values)
	require.NoError(t, err)
	require.False(t, draft.Changes())
	require.NoError(t, draft.Write())
	require.Equal(t, before, settingsOf(t, home))
}

func TestAnInvalidDraftLosesNothing(t *testing.T) {
	home, before := renderedHome(t, same)
	for name, c := range map[string]struct {
		values map[string]string
		says   string
	}{
		"above a bound":       {map[string]string{"policy.max-jobs": "5000"}, "policy.max-jobs: expected 1 to 1024"},
		"no number":           {map[string]string{"policy.max-jobs": "many"}, "policy.max-jobs: expected a whole number"},
		"octal":               {map[string]string{"policy.max-jobs": "010"}, "leading zeros"},
		"no setting":          {map[string]string{"policy.max-joy": "1"}, "expected a setting"},
		"a line in a text":    {map[string]string{"log.level": "info\"\n[chain]\ngrpc = \"evil.example:443"}, "expected one line"},
		"control characters":  {map[string]string{"log.level": "in\x00fo"}, "control characters"},
		"no bool":             {map[string]string{"work.refuse-private": "yes"}, "expected true or false"},
		"not a number":        {map[string]string{"fees.duty-percent": "NaN"}, "fees.duty-percent"},
		"no size":             {map[string]string{"policy.max-memory": "much"}, "expected a size"},
		"no price":            {map[string]string{"dashboard.electricity": "cheap"}, "dashboard.electricity: expected a price"},
		"two currencies":      {map[string]string{"dashboard.electricity": "0.3 EUR", "dashboard.coin-value": "1 USD"}, "expected an amount in EUR"},
		"open to the network": {map[string]string{"dashboard.listen": "0.0.0.0:9772"}, "an address of this machine only"},
		"one of two is wrong": {map[string]string{"policy.max-jobs": "2", "policy.trust": "all"}, "policy.trust"},
		"an unknown language": {map[string]string{"dashboard.language": "tlh"}, "dashboard.language"},
	} {
		_, err := NewDraft(home, nil, c.values)
		require.ErrorContains(t, err, c.says, name)
		require.Equal(t, before, settingsOf(t, home), name)
	}
}

func TestADraftIsNotWrittenOverAnotherChange(t *testing.T) {
	home, _ := renderedHome(t, same)
	draft, err := NewDraft(home, nil, map[string]string{"policy.max-jobs": "3"})
	require.NoError(t, err)
	require.NoError(t, SetOperator(home, "theta1other"))
	changed := settingsOf(t, home)
	require.ErrorIs(t, draft.Write(), ErrChanged)
	require.Equal(t, changed, settingsOf(t, home))
}

func TestALinkToTheSettingsStaysALink(t *testing.T) {
	home, _ := renderedHome(t, same)
	elsewhere := filepath.Join(t.TempDir(), "settings of mine.toml")
	require.NoError(t, os.Rename(filepath.Join(home, FileName), elsewhere))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(home, FileName)))
	draft, err := NewDraft(home, nil, map[string]string{"policy.max-jobs": "3"})
	require.NoError(t, err)
	require.NoError(t, draft.Write())
	kept, err := os.ReadFile(elsewhere)
	require.NoError(t, err)
	require.Equal(t, settingsOf(t, home), string(kept), "the file that the owner keeps elsewhere has the change")
	require.Contains(t, string(kept), "max-jobs = 3")
	left, err := filepath.Glob(filepath.Join(filepath.Dir(elsewhere), "*.new"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAnyTextOfAListIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		items := rapid.SliceOfN(rapid.StringMatching(`[ -~äß€]{1,20}`), 0, 4).Draw(r, "items")
		value, err := toTOML(reflect.Slice, strings.Join(items, "\n"))
		require.NoError(r, err)
		text := replace([]byte("[a]\nb = []\nc = 1\n"), "a", "b", value)
		require.NoError(r, holds(text, "a", "b", value))
		// A list of such texts can be replaced by another one.
		require.Equal(r, "[a]\nb = [\"x\"]\nc = 1\n", string(replace(text, "a", "b", `["x"]`)))
	})
}

// TestAListWithBracketsCanBeChanged: an address of IPv6 with a port has some.
func TestAListWithBracketsCanBeChanged(t *testing.T) {
	home := homeWith(t, "[egress]\nhosts = [\n  \"[2001:db8::1]:7070\", # that's [mine]\n  'relay.example',\n]\nmax-day = \"1GiB\"\n")
	draft, err := NewDraft(home, nil, map[string]string{"egress.hosts": "other.example"})
	require.NoError(t, err)
	require.Equal(t, []string{"other.example"}, draft.New.Egress.Hosts)
	require.NoError(t, draft.Write())
	require.Equal(t, "[egress]\nhosts = [\"other.example\"]\nmax-day = \"1GiB\"\n", settingsOf(t, home))
}

func TestOnlyAddressesOfThisMachineShowTheDashboard(t *testing.T) {
	for address, fine := range map[string]bool{
		"": true, "127.0.0.1:9772": true, "127.0.0.1:0": true, "[::1]:80": true, "localhost:9772": true,
		"0.0.0.0:9772": false, ":9772": false, "192.168.1.2:9772": false, "evil.example:9772": false, "127.0.0.1": false, "127.0.0.1:http": false, "127.0.0.1:99999": false, "localhost.evil.example:1": false,
	} {
		c := Default()
		c.Dashboard.Listen = address
		require.Equal(t, fine, c.Validate() == nil, address)
	}
}

func TestPricesAreExact(t *testing.T) {
	for text, micros := range map[string]uint64{"0.32 EUR": 320_000, "1EUR": 1_000_000, "0.000001 usd": 1, "999999999.999999 CHF": 999_999_999_999_999, "010 EUR": 10_000_000} {
		price, err := ParsePrice(text)
		require.NoError(t, err, text)
		require.Equal(t, micros, price.Micros, text)
	}
	for _, text := range []string{"0.32", "EUR", "-1 EUR", "0,32 EUR", "1e3 EUR", "1.0000001 EUR", "1234567890 EUR", "0.3 EUR/kWh"} {
		_, err := ParsePrice(text)
		require.Error(t, err, text)
	}
}

func FuzzADraftIsRefusedOrWrittenAsItWasRead(f *testing.F) {
	for _, seed := range []string{"auto", "", "a\"b", "\\u0041", "]\n[chain]", "'x'", "0x10", "\u00e4", "5m", "#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []reflect.Kind{reflect.String, reflect.Slice, reflect.Int, reflect.Float64, reflect.Bool} {
			value, err := toTOML(kind, text)
			if err != nil {
				continue
			}
			written := replace([]byte("[a]\nb = 1 # why\nc = 2\n[d]\ne = 3\n"), "a", "b", value)
			if holds(written, "a", "b", value) != nil {
				continue // such a draft is refused
			}
			require.NoError(t, holds(written, "a", "c", "2"))
			require.NoError(t, holds(written, "d", "e", "3"), "%q", text)
		}
	})
}
