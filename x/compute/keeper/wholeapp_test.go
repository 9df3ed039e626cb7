package keeper_test

import (
	"encoding/json"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	beaconkeeper "github.com/thetaedge/theta/x/beacon/keeper"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	"github.com/thetaedge/theta/x/compute/keeper"
	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	blockTime = 1500 * time.Millisecond
	// votingTime is the length of a voting, of which expedited ones take half.
	votingTime = 20 * blockTime
	// epochTime is the length of an epoch. Jobs are shorter, so that most of them end in the epoch
	// whose budget they have encumbered.
	epochTime = 10 * time.Minute
	// yearly is the emission. An epoch mints about as much as grants pay for some hundred results.
	yearly = 20_000_000_000
	// treasury is the number of the account that pays what fixtures give, and relay that of the
	// beacon's relay.
	treasury, relay = 0, 1
)

// wholeApp is the ground of a fixture with all modules of the app, its beacon included. Blocks begin and
// end as the app's do, on a state of the fixture's own.
type wholeApp struct {
	chain  *apptest.Chain
	beacon *edge.Network
	// begun, if it is set, learns what was in the fee collector before a block began, and what the
	// block has emitted.
	begun func(collected, emitted math.Int)
}

// newWholeApp builds the app. Fixtures on it begin with its state, and do not change it.
func newWholeApp(t testing.TB, validators ...validator) *wholeApp {
	t.Helper()
	network := edge.New(t, 0, 0)
	options := append(network.Options(),
		apptest.WithAccounts(2+len(validators), params.TfuelCoin(1_000_000)),
		apptest.WithGenesis(smallGenesis))
	w := &wholeApp{chain: apptest.New(t, options...), beacon: network}
	for i, v := range validators {
		w.chain.MustDeliver(w.chain.Accounts[2+i], v.create(t, w.chain.Accounts[2+i]))
	}
	return w
}

// validator is one that joins the chain's first.
type validator struct {
	stake      int64 // whole tfuel
	commission math.LegacyDec
}

func (v validator) create(t testing.TB, operator apptest.Account) sdk.Msg {
	t.Helper()
	key := ed25519.GenPrivKeyFromSecret(operator.Address).PubKey()
	msg, err := stakingtypes.NewMsgCreateValidator(sdk.ValAddress(operator.Address).String(), key, params.TfuelCoin(v.stake),
		stakingtypes.NewDescription("validator", "", "", "", ""),
		stakingtypes.NewCommissionRates(v.commission, math.LegacyOneDec(), math.LegacyOneDec()), math.OneInt())
	require.NoError(t, err)
	return msg
}

// smallGenesis gives the app the parameters of a fixture, a small emission, long epochs and short votings.
func smallGenesis(cdc codec.Codec, genesis map[string]json.RawMessage) {
	var nodes edgenodetypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[edgenodetypes.ModuleName], &nodes)
	nodes.Params = nodeParams(nodes.Params)
	genesis[edgenodetypes.ModuleName] = cdc.MustMarshalJSON(&nodes)

	var rewards rewardstypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[rewardstypes.ModuleName], &rewards)
	rewards.Params.FoldBlocks, rewards.Params.Emission.Yearly = foldBlocks, math.NewInt(yearly)
	rewards.Params.GrantHoldEpochs = 1
	genesis[rewardstypes.ModuleName] = cdc.MustMarshalJSON(&rewards)

	var epochs epochstypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[epochstypes.ModuleName], &epochs)
	for i := range epochs.Epochs {
		if epochs.Epochs[i].Identifier == app.EdgeEpoch {
			epochs.Epochs[i].Duration = epochTime
		}
	}
	genesis[epochstypes.ModuleName] = cdc.MustMarshalJSON(&epochs)

	var compute types.GenesisState
	cdc.MustUnmarshalJSON(genesis[types.ModuleName], &compute)
	compute.Params = testParams()
	genesis[types.ModuleName] = cdc.MustMarshalJSON(&compute)

	var gov govv1.GenesisState
	cdc.MustUnmarshalJSON(genesis[govtypes.ModuleName], &gov)
	voting, hasty := votingTime, votingTime/2
	gov.Params.VotingPeriod, gov.Params.ExpeditedVotingPeriod = &voting, &hasty
	gov.Params.MinDeposit = sdk.NewCoins(params.TfuelCoin(1))
	gov.Params.ExpeditedMinDeposit = sdk.NewCoins(params.TfuelCoin(2))
	genesis[govtypes.ModuleName] = cdc.MustMarshalJSON(&gov)
}

// fixture returns a fixture on a copy of the app's state.
func (w *wholeApp) fixture(t tb) *fixture {
	t.Helper()
	a, committed := w.chain.App, w.chain.Ctx()
	ctx, _ := committed.CacheContext()
	f := &fixture{
		t: t, ctx: ctx.WithEventManager(sdk.NewEventManager()), bank: a.BankKeeper, nodes: a.EdgenodeKeeper, rewards: a.RewardsKeeper,
		registry: &registry{Keeper: a.EdgenodeKeeper}, keeper: a.ComputeKeeper,
		msgs: keeper.NewMsgServer(a.ComputeKeeper), queries: keeper.NewQueryServer(a.ComputeKeeper),
		receipts: map[string][]types.Receipt{}, exit: 3, excused: map[seatOf]bool{}, claimed: map[int]types.Metrics{},
		ground: w, minted: sdk.NewCoins(a.BankKeeper.GetSupply(ctx, denom)),
	}
	f.next()
	return f
}

func (w *wholeApp) end(f *fixture) {
	f.t.Helper()
	ended, err := w.chain.App.EndBlocker(f.ctx)
	require.NoError(f.t, err)
	emit(f, ended.Events)
	for _, r := range w.chain.App.TallyKeeper.CheckInvariants(f.ctx) {
		require.NoError(f.t, r.Err, "tally: %s", r.Name)
	}
}

// begin begins a block that all bonded validators have signed, and submits the rounds that the chain
// waits for.
func (w *wholeApp) begin(f *fixture) {
	f.t.Helper()
	collected := f.bank.GetBalance(f.ctx, authtypes.NewModuleAddress(authtypes.FeeCollectorName), denom).Amount
	before := f.emission()
	f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(blockTime)).WithVoteInfos(w.votes(f))
	begun, err := w.chain.App.BeginBlocker(f.ctx)
	require.NoError(f.t, err)
	emit(f, begun.Events)
	if w.begun != nil {
		w.begun(collected, f.emission().Sub(before))
	}
	for _, msg := range w.beacon.Rounds(w.chain.App, f.ctx, w.chain.Accounts[relay].String()) {
		_, err := beaconkeeper.NewMsgServer(w.chain.App.BeaconKeeper).SubmitRound(f.ctx, msg.(*beacontypes.MsgSubmitRound))
		require.NoError(f.t, err)
	}
}

// emit adds the events of the app to the fixture's.
func emit(f *fixture, events []abci.Event) {
	for _, e := range events {
		f.ctx.EventManager().EmitEvent(sdk.Event(e))
	}
}

func (w *wholeApp) votes(f *fixture) []abci.VoteInfo {
	f.t.Helper()
	staking := w.chain.App.StakingKeeper
	bonded, err := staking.GetBondedValidatorsByPower(f.ctx)
	require.NoError(f.t, err)
	var votes []abci.VoteInfo
	for _, v := range bonded {
		address, err := v.GetConsAddr()
		require.NoError(f.t, err)
		votes = append(votes, abci.VoteInfo{
			Validator: abci.Validator{Address: address, Power: v.ConsensusPower(staking.PowerReduction(f.ctx))}, BlockIdFlag: 2,
		})
	}
	return votes
}

func (w *wholeApp) give(f *fixture, to sdk.AccAddress, coins sdk.Coins) {
	f.t.Helper()
	require.NoError(f.t, f.bank.SendCoins(f.ctx, w.chain.Accounts[treasury].Address, to, coins))
}

// send runs a message of any module. A message that fails leaves no trace.
func (w *wholeApp) send(f *fixture, msg sdk.Msg) error {
	f.t.Helper()
	cached, write := f.ctx.CacheContext()
	_, err := w.chain.App.MsgServiceRouter().Handler(msg)(cached, msg)
	if err == nil {
		write()
	}
	return err
}

// validators returns the addresses of all validators, the chain's first one first.
func (w *wholeApp) validators() []sdk.ValAddress {
	all := []sdk.ValAddress{sdk.ValAddress(w.chain.Validator.Address)}
	for _, account := range w.chain.Accounts[relay+1:] {
		all = append(all, sdk.ValAddress(account.Address))
	}
	return all
}

// emission returns what the chain has emitted, in atfuel.
func (f *fixture) emission() math.Int {
	f.t.Helper()
	flows, err := f.rewards.SupplyFlows(f.ctx)
	require.NoError(f.t, err)
	return flows.MintedBy(rewardstypes.SUPPLY_CAUSE_EMISSION)
}
