package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func TestWhatANodeDeclaresToTakeIsBounded(t *testing.T) {
	require.NoError(t, types.TaskLimits{}.Validate(), "an operator need not declare anything")
	require.NoError(t, types.TaskLimits{
		MemoryBytes: types.MaxLimit, InputBytes: 1, OutputBytes: 1, Fuel: 1, FuelPerBlock: 1, ChallengeBlocks: 1, DeviceBytes: 1,
		Trust: types.TRUST_STANCE_ANY, MinRewards: sdk.NewCoins(sdk.NewInt64Coin("atfuel", 1), sdk.NewInt64Coin("uother", 2)),
	}.Validate())
	coin := func(denom string, amount int64) sdk.Coin { return sdk.Coin{Denom: denom, Amount: math.NewInt(amount)} }
	var many []sdk.Coin
	for _, letter := range "abcdefghi" {
		many = append(many, coin("denom"+string(letter), 1))
	}
	for text, limits := range map[string]types.TaskLimits{
		"memory_bytes: expected at most 4611686018427387904": {MemoryBytes: types.MaxLimit + 1},
		"input_bytes":                 {InputBytes: types.MaxLimit + 1},
		"output_bytes":                {OutputBytes: types.MaxLimit + 1},
		"limits: fuel: ":              {Fuel: types.MaxLimit + 1},
		"fuel_per_block":              {FuelPerBlock: types.MaxLimit + 1},
		"challenge_blocks":            {ChallengeBlocks: types.MaxLimit + 1},
		"device_bytes":                {DeviceBytes: types.MaxLimit + 1},
		"trust: expected":             {Trust: 4},
		"at most 8 denoms, found 9":   {MinRewards: many},
		"sorted by denom":             {MinRewards: []sdk.Coin{coin("b00", 1), coin("a00", 1)}},
		"amounts above 0":             {MinRewards: []sdk.Coin{coin("atfuel", 0)}},
		"at most 8 profiles, found 9": {Rates: make([]types.ExecutorRate, 9)},
		`found "wasm"`:                {Rates: []types.ExecutorRate{{Executor: "wasm"}}},
		"each profile once, sorted":   {Rates: []types.ExecutorRate{{Executor: "wasm/1"}, {Executor: "wasm/1"}}},
		`found "tensor/1" after`:      {Rates: []types.ExecutorRate{{Executor: "wasm/1"}, {Executor: "tensor/1"}}},
		"rates: wasm/1: expected at":  {Rates: []types.ExecutorRate{{Executor: "wasm/1", FuelPerBlock: types.MaxLimit + 1}}},
		`amount of "atfuel"`:          {MinRewards: []sdk.Coin{{Denom: "atfuel"}}},
		"min_rewards: expected amoun": {MinRewards: []sdk.Coin{coin("!", 1)}},
	} {
		err := limits.Validate()
		require.ErrorIs(t, err, types.ErrInvalidProfile, text)
		require.ErrorContains(t, err, text)
	}
}

func TestANodeTakesARewardThatIsNoLessThanItAsksForInADenomThatItNames(t *testing.T) {
	require.True(t, types.TaskLimits{}.Takes(sdk.NewInt64Coin("atfuel", 1)))
	asks := types.TaskLimits{MinRewards: sdk.NewCoins(sdk.NewInt64Coin("atfuel", 5))}
	require.True(t, asks.Takes(sdk.NewInt64Coin("atfuel", 5)))
	require.False(t, asks.Takes(sdk.NewInt64Coin("atfuel", 4)))
	require.False(t, asks.Takes(sdk.NewInt64Coin("uother", 9)))
}

func TestARateOfAProfileCountsBeforeThatOfAll(t *testing.T) {
	limits := types.TaskLimits{FuelPerBlock: 7, Rates: []types.ExecutorRate{{Executor: "tensor/1", FuelPerBlock: 3}, {Executor: "wasm/1"}}}
	require.NoError(t, limits.Validate())
	require.EqualValues(t, 3, limits.RateOf("tensor/1"))
	require.Zero(t, limits.RateOf("wasm/1"), "listed, and not declared")
	require.EqualValues(t, 7, limits.RateOf("container/1"))
	require.Zero(t, types.TaskLimits{}.RateOf("wasm/1"))
}
