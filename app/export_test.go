package app_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// exportedState reads a module's state from an export.
func exportedState[T any, P interface {
	*T
	proto.Message
}](t *testing.T, chain *apptest.Chain, exported servertypes.ExportedApp, module string) P {
	t.Helper()
	var modules map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(exported.AppState, &modules))
	var state T
	require.NoError(t, chain.App.AppCodec().UnmarshalJSON(modules[module], P(&state)))
	return &state
}

func exportForZero(t *testing.T, chain *apptest.Chain, allowed ...string) servertypes.ExportedApp {
	t.Helper()
	exported, err := chain.App.ExportAppStateAndValidators(true, allowed, nil)
	require.NoError(t, err)
	return exported
}

func TestAnExportIsForTheNextHeight(t *testing.T) {
	chain := apptest.New(t)
	exported, err := chain.App.ExportAppStateAndValidators(false, nil, nil)
	require.NoError(t, err)
	require.Equal(t, chain.Height()+1, exported.Height)
}

func TestOnlyNamedValidatorsStartAnew(t *testing.T) {
	chain := apptest.New(t)
	own, err := app.ValidatorAddressCodec().BytesToString(chain.Validator.Address)
	require.NoError(t, err)
	require.Len(t, exportForZero(t, chain, own).Validators, 1)

	chain = apptest.New(t)
	other, err := app.ValidatorAddressCodec().BytesToString(chain.Accounts[0].Address)
	require.NoError(t, err)
	exported := exportForZero(t, chain, other)
	require.Empty(t, exported.Validators)
	staking := exportedState[stakingtypes.GenesisState](t, chain, exported, stakingtypes.ModuleName)
	require.True(t, staking.Validators[0].Jailed)

	_, err = chain.App.ExportAppStateAndValidators(true, []string{"nobody"}, nil)
	require.ErrorContains(t, err, "expected a validator address")
}

func TestNoHeightOfTheOldChainIsLeftInStakingAndEpochs(t *testing.T) {
	chain := apptest.New(t)
	chain.Blocks(5)
	own, err := app.ValidatorAddressCodec().BytesToString(chain.Validator.Address)
	require.NoError(t, err)
	chain.MustDeliver(chain.Validator, stakingtypes.NewMsgUndelegate(chain.Validator.String(), own, params.TfuelCoin(1)))
	chain.Skip(2 * time.Hour)
	chain.Blocks(3)

	// The only validator has never been in these states: unbonded once, and bonded late.
	ctx := chain.App.NewContextLegacy(true, cmtproto.Header{Height: chain.Height()})
	validator, err := chain.App.StakingKeeper.GetValidator(ctx, sdk.ValAddress(chain.Validator.Address))
	require.NoError(t, err)
	validator.UnbondingHeight = 3
	require.NoError(t, chain.App.StakingKeeper.SetValidator(ctx, validator))
	consensus := sdk.ConsAddress(apptest.ConsensusKey().PubKey().Address())
	signing, err := chain.App.SlashingKeeper.GetValidatorSigningInfo(ctx, consensus)
	require.NoError(t, err)
	signing.StartHeight = 4
	require.NoError(t, chain.App.SlashingKeeper.SetValidatorSigningInfo(ctx, consensus, signing))

	exported := exportForZero(t, chain)
	staking := exportedState[stakingtypes.GenesisState](t, chain, exported, stakingtypes.ModuleName)
	require.Len(t, staking.UnbondingDelegations, 1)
	require.Zero(t, staking.UnbondingDelegations[0].Entries[0].CreationHeight)
	require.Zero(t, staking.Validators[0].UnbondingHeight)
	slashing := exportedState[slashingtypes.GenesisState](t, chain, exported, slashingtypes.ModuleName)
	require.Len(t, slashing.SigningInfos, 1)
	require.Zero(t, slashing.SigningInfos[0].ValidatorSigningInfo.StartHeight)
	for _, epoch := range exportedState[epochstypes.GenesisState](t, chain, exported, epochstypes.ModuleName).Epochs {
		require.Zero(t, epoch.CurrentEpochStartHeight, epoch.Identifier)
	}
}

func TestRewardsAndCommissionArePaidOutAndOnlyDustGoesToTheCommunity(t *testing.T) {
	chain := apptest.New(t)
	chain.MustDeliver(chain.Accounts[0], send(chain)...)
	chain.Blocks(3)
	earned, err := chain.App.DistrKeeper.GetValidatorAccumulatedCommission(chain.Ctx(), sdk.ValAddress(chain.Validator.Address))
	require.NoError(t, err)
	require.True(t, earned.Commission.AmountOf(params.BaseDenom).GT(math.LegacyNewDec(1_000_000)))
	before, err := chain.App.DistrKeeper.FeePool.Get(chain.Ctx())
	require.NoError(t, err)

	distribution := exportedState[distrtypes.GenesisState](t, chain, exportForZero(t, chain), distrtypes.ModuleName)
	dust := distribution.FeePool.CommunityPool.AmountOf(params.BaseDenom).Sub(before.CommunityPool.AmountOf(params.BaseDenom))
	// The reward per atfuel of stake is truncated to 18 decimals, so that a stake of 1,000
	// tfuel loses up to 1,000 atfuel.
	require.True(t, dust.LT(math.LegacyNewDec(2_000)), "found %s", dust)
}

func TestResultsOfBeforeAnExportForZeroCannotBeChallenged(t *testing.T) {
	network, chain := openMarket(t)
	me := network.Requester
	for tasks := range uint64(2) {
		job := postJob(me.String())
		job.Spec.Tasks, job.Spec.Policy.ChallengeBlocks = tasks+1, 500
		chain.MustDeliver(me, job)
	}
	finish(t, network, chain, me.String())
	before, err := chain.App.ComputeKeeper.ExportGenesis(chain.Ctx())
	require.NoError(t, err)
	after := exportedState[computetypes.GenesisState](t, chain, exportForZero(t, chain), computetypes.ModuleName)
	for i := range before.Jobs {
		require.NotEmpty(t, before.Jobs[i].Frontier)
		require.Empty(t, after.Jobs[i].Frontier)
	}
	require.Len(t, after.Receipts, 1)
	require.Positive(t, before.Receipts[0].ChallengeUntil)
	require.Zero(t, after.Receipts[0].ChallengeUntil)
}

// TestTheWorthOfADenomExpiresAsSoonAfterAnExportForZero: governance has vouched for a number of blocks. A
// worth that has expired stays so, and one that never expires does not begin to.
func TestTheWorthOfADenomExpiresAsSoonAfterAnExportForZero(t *testing.T) {
	const height = 10
	expiries := map[string]int64{"never": 0, "long": height + 1_000, "next": height + 1, "now": height, "over": 3}
	chain := apptest.New(t, apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
		var state computetypes.GenesisState
		cdc.MustUnmarshalJSON(genesis[computetypes.ModuleName], &state)
		for _, denom := range slices.Sorted(maps.Keys(expiries)) {
			state.Params.Denoms = append(state.Params.Denoms, computetypes.PaymentDenom{
				Denom: denom, MinReward: math.NewInt(1), BondNumerator: 1, BondDenominator: 1, ExpiryHeight: expiries[denom],
			})
		}
		genesis[computetypes.ModuleName] = cdc.MustMarshalJSON(&state)
	}))
	chain.Blocks(height - int(chain.Height()))
	after := exportedState[computetypes.GenesisState](t, chain, exportForZero(t, chain), computetypes.ModuleName)
	require.NoError(t, after.Params.Validate())
	found := make(map[string]int64)
	for _, denom := range after.Params.Denoms[1:] {
		found[denom.Denom] = denom.ExpiryHeight
	}
	// The first height is the lowest one that is not "never"; every job ends after it.
	require.Equal(t, map[string]int64{"never": 0, "long": 1_000, "next": 1, "now": 1, "over": 1}, found)

	kept, err := chain.App.ComputeKeeper.ExportGenesis(chain.Ctx())
	require.NoError(t, err)
	for _, denom := range kept.Params.Denoms[1:] {
		require.Equal(t, expiries[denom.Denom], denom.ExpiryHeight, "another export keeps heights")
	}
}

// oldHeights returns the places of numbers from first to last in an exported state.
func oldHeights(state any, path string, first, last int64) []string {
	var found []string
	switch value := state.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			found = append(found, oldHeights(value[key], path+"."+key, first, last)...)
		}
	case []any:
		for _, item := range value {
			found = append(found, oldHeights(item, path, first, last)...)
		}
	case string: // numbers of 64 bits are strings
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && first <= n && n <= last {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// TestAnExportForZeroContainsNoHeightOfTheOldChain: a deadline at such a height would not pass for as long
// as the old chain has run. A few heights tell of the past only.
func TestAnExportForZeroContainsNoHeightOfTheOldChain(t *testing.T) {
	const first = 1 << 40
	g := newGrantFlow(t)
	chain := apptest.New(t, append(g.options(), apptest.WithInitialHeight(first), apptest.WithGenesis(
		func(cdc codec.Codec, genesis map[string]json.RawMessage) {
			var state computetypes.GenesisState
			cdc.MustUnmarshalJSON(genesis[computetypes.ModuleName], &state)
			state.Params.Denoms = append(state.Params.Denoms, computetypes.PaymentDenom{
				Denom: "other", MinReward: math.NewInt(1), BondNumerator: 1, BondDenominator: 1, ExpiryHeight: first + 1_000,
			})
			genesis[computetypes.ModuleName] = cdc.MustMarshalJSON(&state)
		}))...)
	for i := range grantFlowBlocks {
		chain.NextBlock(g.block(chain, i)...)
	}
	g.requireComplete(chain)
	operator := g.Nodes[0].Operator
	chain.MustDeliver(operator, &edgenodetypes.MsgUnbond{Operator: operator.String(), Amount: params.TfuelCoin(3)})
	chain.MustDeliver(g.Requester, &rewardstypes.MsgFundGrant{Grantee: g.Requester.String(), Id: 2, Amount: params.TfuelCoin(1)},
		&computetypes.MsgRedeliver{Requester: g.Requester.String(), JobId: g.jobs(chain, 2)[0].Id})

	heights := func(zero bool) []string {
		exported, err := chain.App.ExportAppStateAndValidators(zero, nil, nil)
		require.NoError(t, err)
		var state map[string]any
		require.NoError(t, json.Unmarshal(exported.AppState, &state))
		return oldHeights(state, "", first, chain.Height()+10_000_000)
	}
	require.Greater(t, len(heights(false)), 15, "kinds of heights in an export that keeps them: %v", heights(false))
	require.Equal(t, []string{
		".ratelimit.hour_epoch.epoch_start_height",
		".rewards.epochs.end_height", ".rewards.epochs.start_height",
		".rewards.open.start_height", // a summary takes the height of its end instead if this one is higher
	}, heights(true), "heights that tell of the past")
}
