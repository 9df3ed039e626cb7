package app_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// amounts returns the rows of the tables of docs/economics.md that have an amount in tfuel.
func amounts(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../docs/economics.md")
	require.NoError(t, err)
	found := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \| ([0-9.]+) \|$`).FindAllStringSubmatch(string(page), -1) {
		found[row[1]] = row[2]
	}
	return found
}

// tfuel writes an amount of atfuel as the page does.
func tfuel(amount math.Int) string {
	text := math.LegacyNewDecFromIntWithPrec(amount, params.DisplayExponent).String()
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// The example of the page follows from the default parameters by the functions of the modules.
func TestTheExampleOfTheEconomyIsWhatTheModulesCompute(t *testing.T) {
	rewards, compute, edgenode := rewardstypes.DefaultParams(), computetypes.DefaultParams(), edgenodetypes.DefaultParams()
	emission := rewards.Emission
	first := rewardstypes.PerEpoch(emission.Yearly, time.Hour)
	shares := rewards.Split(params.TfuelCoin(50))
	posted := compute.PostingFee(800).MulRaw(100)
	slash := edgenode.SlashSplit.Share(params.Tfuel(10), params.Tfuel(3), params.Tfuel(1_000))
	floor := rewards.MinGasPrice.MulRaw(100_000_000)
	gasBurned := floor.QuoRaw(2)
	burned := shares.Burn.Amount.Add(posted).Add(slash.Burned).Add(gasBurned)

	want := map[string]math.Int{
		"emission":                                                first,
		"nodes earn from rewards":                                 shares.Executor.Amount,
		"stakers receive from rewards":                            shares.Stakers.Amount,
		"the community pool receives from rewards":                shares.Community.Amount,
		"burned from rewards":                                     shares.Burn.Amount,
		"burned for the bytes of jobs":                            posted,
		"honest nodes receive from the slash":                     slash.Honest,
		"the community pool receives from the slash":              slash.Community,
		"burned from the slash":                                   slash.Burned,
		"stakers receive from gas":                                floor,
		"burned from gas":                                         gasBurned,
		"stakers receive in all, 2% of it for the community pool": first.Add(shares.Stakers.Amount).Add(floor),
		"supply afterwards":                                       params.Tfuel(100_000_000).Add(first).Sub(burned),
		"more is never minted by this schedule":                   rewardstypes.PerEpoch(emission.Yearly.MulRaw(rewardstypes.DecayUnits).QuoRaw(int64(emission.Decay)), time.Hour),
	}
	yearly, minted := emission.Yearly, math.ZeroInt()
	for hour := range 4 * 365 * 24 {
		if hour == 365*24 {
			want["minted in the first year"] = minted
		}
		minted = minted.Add(rewardstypes.PerEpoch(yearly, time.Hour))
		yearly = emission.Decayed(yearly)
	}
	want["yearly amount after four years"] = yearly

	found := amounts(t)
	require.Len(t, found, len(want), "every row of the page is computed")
	for what, amount := range want {
		require.Equal(t, tfuel(amount), found[what], what)
	}
}
