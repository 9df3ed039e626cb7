package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

func TestDefaultParamsAreValid(t *testing.T) {
	require.NoError(t, types.DefaultParams().Validate())
	require.NoError(t, types.DefaultGenesis().Validate())
}

func TestParamsRefuseWhatCannotWork(t *testing.T) {
	cases := map[string]func(*types.Params){
		"split too small": func(p *types.Params) { p.FeeSplit.BurnBps-- },
		"split that wraps": func(p *types.Params) {
			p.FeeSplit = types.FeeSplit{ExecutorBps: 1 << 31, BurnBps: 1 << 31, StakersBps: 10_000}
		},
		"no price":       func(p *types.Params) { p.MinGasPrice = math.Int{} },
		"negative price": func(p *types.Params) { p.MinGasPrice = math.NewInt(-1) },
		"huge price":     func(p *types.Params) { p.MinGasPrice = math.NewIntWithDecimal(1, 50) },
		"denom":          func(p *types.Params) { p.FeeDenom = "!" },
		"no fold":        func(p *types.Params) { p.FoldBlocks = 0 },
		"endless fold":   func(p *types.Params) { p.FoldBlocks = 1 << 60 },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			params := types.DefaultParams()
			change(&params)
			require.ErrorIs(t, params.Validate(), types.ErrInvalidParams)
		})
	}
}

// TestSharesSumToTheReward holds for any split, denom and amount.
func TestSharesSumToTheReward(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burn := rapid.Uint32Range(0, 5000).Draw(t, "burn")
		stakers := rapid.Uint32Range(0, 5000-burn).Draw(t, "stakers")
		community := rapid.Uint32Range(0, 5000).Draw(t, "community")
		params := types.DefaultParams()
		params.FeeSplit = types.FeeSplit{
			ExecutorBps: 10_000 - burn - stakers - community, BurnBps: burn, StakersBps: stakers, CommunityBps: community,
		}
		require.NoError(t, params.Validate())
		denom := rapid.SampledFrom([]string{"atfuel", "utoken"}).Draw(t, "denom")
		gross := sdk.NewCoin(denom, math.NewIntFromUint64(rapid.Uint64().Draw(t, "gross")))
		shares := params.Split(gross)
		require.Equal(t, gross.String(), shares.Executor.Add(shares.Burn).Add(shares.Stakers).Add(shares.Community).String())
		least := gross.Amount.MulRaw(int64(params.FeeSplit.ExecutorBps)).QuoRaw(10_000)
		require.True(t, shares.Executor.Amount.GTE(least))
		if denom != params.FeeDenom {
			require.True(t, shares.Burn.IsZero())
		}
	})
}
