package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// quickEpochs makes the edge epoch ten seconds long.
func quickEpochs(cdc codec.Codec, genesis map[string]json.RawMessage) {
	var epochs epochstypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[epochstypes.ModuleName], &epochs)
	for i := range epochs.Epochs {
		if epochs.Epochs[i].Identifier == app.EdgeEpoch {
			epochs.Epochs[i].Duration = 10 * time.Second
		}
	}
	genesis[epochstypes.ModuleName] = cdc.MustMarshalJSON(&epochs)
}

func ledger(t *testing.T, chain *apptest.Chain) *rewardstypes.QuerySupplyLedgerResponse {
	t.Helper()
	found, err := rewardskeeper.NewQueryServer(chain.App.RewardsKeeper).SupplyLedger(chain.Ctx(), &rewardstypes.QuerySupplyLedgerRequest{})
	require.NoError(t, err)
	require.True(t, found.Conserved, "%v", found)
	return found
}

// Wallets read the pages of x/mint and x/distribution. They show what x/rewards mints.
func TestStakersEarnTheEmissionThatTheQueriesOfMintShow(t *testing.T) {
	chain := apptest.New(t, apptest.WithGenesis(quickEpochs))
	chain.Blocks(2)
	genesis := params.Tfuel(10*1_000 + 4*1_000_000) // of the validator and of the accounts
	require.Equal(t, genesis, ledger(t, chain).Genesis)
	require.True(t, ledger(t, chain).Flows.Net().IsZero(), "no epoch has ended")
	minter, err := chain.App.MintKeeper.Minter.Get(chain.Ctx())
	require.NoError(t, err)
	yearly := rewardstypes.DefaultEmission().Yearly
	require.Equal(t, math.LegacyNewDecFromInt(yearly), minter.AnnualProvisions)
	require.Equal(t, math.LegacyNewDecFromInt(yearly).QuoInt(genesis), minter.Inflation)
	mint, err := chain.App.MintKeeper.Params.Get(chain.Ctx())
	require.NoError(t, err)
	require.Equal(t, rewardstypes.DefaultEmission().MaxSupply, mint.MaxSupply)

	for chain.App.BankKeeper.GetSupply(chain.Ctx(), params.BaseDenom).Amount.Equal(genesis) {
		chain.NextBlock()
	}
	chain.NextBlock()
	emitted := ledger(t, chain).Flows.MintedBy(rewardstypes.SUPPLY_CAUSE_EMISSION)
	require.Equal(t, rewardstypes.PerEpoch(yearly, 10*time.Second), emitted)
	outstanding, err := chain.App.DistrKeeper.GetValidatorOutstandingRewardsCoins(chain.Ctx(), sdk.ValAddress(chain.Validator.Address))
	require.NoError(t, err)
	pool, err := chain.App.DistrKeeper.FeePool.Get(chain.Ctx())
	require.NoError(t, err)
	require.Equal(t, math.LegacyNewDecFromInt(emitted), outstanding.AmountOf(params.BaseDenom).Add(pool.CommunityPool.AmountOf(params.BaseDenom)))
	require.True(t, outstanding.AmountOf(params.BaseDenom).IsPositive())
}

// A chain that stood still for a day rolls its epochs one after another, and mints for each of them
// what it would have minted in time.
func TestAChainThatStoodStillMintsForTheEpochsItHasMissed(t *testing.T) {
	chain := apptest.New(t, apptest.WithGenesis(quickEpochs))
	chain.Blocks(2)
	chain.Skip(10 * time.Minute)
	chain.Blocks(70)
	epoch, err := chain.App.EpochsKeeper.GetEpochInfo(chain.Ctx(), app.EdgeEpoch)
	require.NoError(t, err)
	require.Greater(t, epoch.CurrentEpoch, int64(60))
	chain.NextBlock() // mints for the epoch that ended last
	want, yearly := math.ZeroInt(), rewardstypes.DefaultEmission().Yearly
	for range epoch.CurrentEpoch - 1 {
		want = want.Add(rewardstypes.PerEpoch(yearly, 10*time.Second))
		yearly = rewardstypes.DefaultEmission().Decayed(yearly)
	}
	got := ledger(t, chain).Flows.MintedBy(rewardstypes.SUPPLY_CAUSE_EMISSION)
	require.Equal(t, want, got)
	edge.RequireInvariants(t, chain)
}

// The SDK's modules do not know of the ledger, and it counts what they mint and burn.
func TestTheLedgerCountsWhatTheSDKsModulesMintAndBurn(t *testing.T) {
	chain := apptest.New(t)
	proposal, err := govv1.NewMsgSubmitProposal(nil, sdk.NewCoins(params.TfuelCoin(1_000)),
		chain.Accounts[0].String(), "ipfs://text", "title", "text", false)
	require.NoError(t, err)
	chain.MustDeliver(chain.Accounts[0], proposal)
	chain.MustDeliver(chain.Accounts[0], govv1.NewMsgCancelProposal(1, chain.Accounts[0].String()))
	flows := ledger(t, chain).Flows
	require.Equal(t, params.Tfuel(500), flows.BurnedBy(rewardstypes.SUPPLY_CAUSE_PROPOSAL_DEPOSITS), "half of a deposit")

	ctx := chain.Ctx()
	coins := sdk.NewCoins(params.TfuelCoin(1))
	require.NoError(t, chain.App.BankKeeper.MintCoins(ctx, minttypes.ModuleName, coins))
	flows, err = chain.App.RewardsKeeper.SupplyFlows(ctx)
	require.NoError(t, err)
	require.Equal(t, params.Tfuel(1), flows.MintedBy(rewardstypes.SUPPLY_CAUSE_OTHER))
	require.NoError(t, chain.App.MintKeeper.MintCoins(ctx, coins))
	flows, err = chain.App.RewardsKeeper.SupplyFlows(ctx)
	require.NoError(t, err)
	require.Equal(t, params.Tfuel(1), flows.MintedBy(rewardstypes.SUPPLY_CAUSE_EMISSION))
}

// A proposal to change inflation by the parameters of x/mint would pass without any effect.
func TestTheParametersOfMintAreRefused(t *testing.T) {
	chain := apptest.New(t)
	ctx := chain.Ctx()
	before, err := chain.App.MintKeeper.Params.Get(ctx)
	require.NoError(t, err)
	message := &minttypes.MsgUpdateParams{Authority: app.Authority(), Params: before}
	_, err = chain.App.MsgServiceRouter().Handler(message)(ctx, message)
	require.ErrorContains(t, err, "theta.rewards.v1.MsgUpdateParams")
}
