package earnings

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/sidecar/config"
)

// TestCoinsOfDifferentDenomsAreNeverAdded: each assignment counts in its own denom, in days and in their sums.
func TestCoinsOfDifferentDenomsAreNeverAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		denoms := []string{"", "atfuel", "uusdc", "ibc/AB", "atfuelx"}
		want := map[string]*big.Int{}
		days := make([]Day, 3)
		foreign := uint64(0)
		for n := range rapid.IntRange(0, 20).Draw(t, "assignments") {
			denom := rapid.SampledFrom(denoms).Draw(t, "denom")
			paid := rapid.Uint64Min(1).Draw(t, "paid")
			a := ended(n, time.Unix(1_800_000_000, 0), fmt.Sprint(paid), "", nil)
			a.Verdict.Denom = denom
			days[rapid.IntRange(0, 2).Draw(t, "day")].Add(&a)
			if denom == "" {
				denom = "atfuel"
			}
			if denom != "atfuel" {
				foreign++
			}
			if want[denom] == nil {
				want[denom] = new(big.Int)
			}
			want[denom].Add(want[denom], new(big.Int).SetUint64(paid))
		}
		var total Day
		for _, day := range days {
			total.Merge(day)
		}
		own := want["atfuel"]
		if own == nil {
			own = new(big.Int)
		}
		require.Equal(t, own.String(), whole(total.Pay).String())
		require.Equal(t, foreign, total.Foreign)
		delete(want, "atfuel")
		require.Len(t, total.Others, len(want))
		require.True(t, slices.IsSortedFunc(total.Others, func(x, y Other) int { return strings.Compare(x.Denom, y.Denom) }))
		for _, other := range total.Others {
			require.Equal(t, want[other.Denom].String(), other.Pay, other.Denom)
		}
	})
}

func TestPayInOtherDenomsIsShownBesideTfuel(t *testing.T) {
	value := Valuation{OperatorBps: 9_000}
	require.NoError(t, func() (err error) {
		value.Electricity, err = config.ParsePrice("0.3 EUR")
		if err == nil {
			value.Coin, err = config.ParsePrice("2 EUR")
		}
		return err
	}())
	energy := uint64(1)
	a, b := ended(1, time.Unix(1_800_000_000, 0), "2000000000000000000", "", &energy), ended(2, time.Unix(1_800_000_000, 0), "700", "", &energy)
	b.Verdict.Denom = "uusdc"
	var day Day
	day.Add(&a)
	require.NotEmpty(t, value.Row(day).Net)
	require.Equal(t, "2 tfuel", day.GrossText())
	day.Add(&b)
	row := value.Row(day)
	require.Equal(t, "2 tfuel + 700uusdc", row.GrossText())
	require.Equal(t, "1.8 tfuel + 700uusdc", row.EarnedText())
	require.Empty(t, row.Net, "the worth of a part is not known")
	require.Equal(t, "700uusdc", Valuation{}.job(&b).EarnedText())
}

func TestPayOfADenomOfNoFormIsNotShownAsTfuel(t *testing.T) {
	require.Equal(t, "1 tfuel", PayText("1000000000000000000", ""))
	require.Equal(t, "1 tfuel", PayText("1000000000000000000", "atfuel"))
	require.Empty(t, PayText("", "uusdc"))
	for _, denom := range []string{"!", "\x1b[2J", "tfuel", ".5tfuel", "x"} {
		require.Equal(t, "5 of a denom that cannot be shown", PayText("5", denom), denom)
	}
}
