package keeper_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/collect"
	"github.com/thetaedge/theta/testutil/keepertest"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/tally/types"
)

const (
	people     = 5
	validators = 3
	votingTime = time.Hour
	hastyTime  = 20 * time.Minute
	blockTime  = 1500 * time.Millisecond
)

func TestMain(m *testing.M) {
	collect.Seldom()
	m.Run()
}

// newChain returns a chain with three validators of 1,000, 700 and 400 tfuel and short votings.
func newChain(t testing.TB) *apptest.Chain {
	t.Helper()
	chain := apptest.New(t, apptest.WithAccounts(people+validators-1, params.TfuelCoin(1_000_000)),
		apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
			var state govv1.GenesisState
			cdc.MustUnmarshalJSON(genesis[govtypes.ModuleName], &state)
			voting, hasty := votingTime, hastyTime
			state.Params.VotingPeriod, state.Params.ExpeditedVotingPeriod = &voting, &hasty
			genesis[govtypes.ModuleName] = cdc.MustMarshalJSON(&state)
		}))
	for i, stake := range []int64{700, 400} {
		account := chain.Accounts[people+i]
		operator, err := app.ValidatorAddressCodec().BytesToString(account.Address)
		require.NoError(t, err)
		msg, err := stakingtypes.NewMsgCreateValidator(operator, ed25519.GenPrivKeyFromSecret([]byte(operator)).PubKey(),
			params.TfuelCoin(stake), stakingtypes.NewDescription("validator", "", "", "", ""),
			stakingtypes.NewCommissionRates(math.LegacyNewDecWithPrec(1, 1), math.LegacyOneDec(), math.LegacyOneDec()), math.OneInt())
		require.NoError(t, err)
		chain.MustDeliver(account, msg)
	}
	return chain
}

// world sends messages to the keepers of a chain, on a state of its own.
type world struct {
	t     keepertest.TB
	chain *apptest.Chain
	ctx   sdk.Context
}

func newWorld(t keepertest.TB, chain *apptest.Chain) *world {
	t.Helper()
	return &world{t: t, chain: chain, ctx: chain.Ctx()}
}

// send runs a message. A message that fails leaves no trace.
func (w *world) send(msg sdk.Msg) error {
	w.t.Helper()
	cached, write := w.ctx.CacheContext()
	_, err := w.chain.App.MsgServiceRouter().Handler(msg)(cached, msg)
	if err == nil {
		write()
	}
	return err
}

func (w *world) must(msg sdk.Msg) {
	w.t.Helper()
	require.NoError(w.t, w.send(msg))
}

// endBlock ends the last of the blocks that a chain makes in some time, as far as the votes are concerned.
func (w *world) endBlock(after time.Duration) {
	w.t.Helper()
	w.endBlockAt(after, max(1, int64(after/blockTime)))
}

// endBlockAt ends the last of some blocks after some time.
func (w *world) endBlockAt(after time.Duration, blocks int64) {
	w.t.Helper()
	w.ctx = w.ctx.WithBlockTime(w.ctx.BlockTime().Add(after)).WithBlockHeight(w.ctx.BlockHeight() + blocks)
	require.NoError(w.t, gov.EndBlocker(w.ctx, w.chain.App.GovKeeper))
	require.NoError(w.t, w.chain.App.EdgenodeKeeper.EndBlock(w.ctx))
	_, err := w.chain.App.StakingKeeper.EndBlocker(w.ctx)
	require.NoError(w.t, err)
	require.NoError(w.t, w.chain.App.TallyKeeper.EndBlock(w.ctx))
}

func (w *world) person(i int) sdk.AccAddress { return w.chain.Accounts[i].Address }

// operator returns the account of a validator.
func (w *world) operator(i int) sdk.AccAddress {
	if i == 0 {
		return w.chain.Validator.Address
	}
	return w.chain.Accounts[people+i-1].Address
}

func (w *world) validator(i int) string { return sdk.ValAddress(w.operator(i)).String() }

func tfuel(n int64) sdk.Coin { return params.TfuelCoin(n) }

// submission returns a message that opens a voting at once.
func (w *world) submission(expedited bool, messages ...sdk.Msg) *govv1.MsgSubmitProposal {
	w.t.Helper()
	deposit := int64(1_000)
	if expedited {
		deposit = 5_000
	}
	msg, err := govv1.NewMsgSubmitProposal(messages, sdk.NewCoins(tfuel(deposit)), w.person(0).String(), "", "title", "summary", expedited)
	require.NoError(w.t, err)
	return msg
}

// change returns a message of governance that succeeds.
func (w *world) change() sdk.Msg {
	w.t.Helper()
	kept, err := w.chain.App.EdgenodeKeeper.Params(w.ctx)
	require.NoError(w.t, err)
	return &edgenodetypes.MsgUpdateParams{Authority: app.Authority(), Params: kept}
}

// propose opens a voting and returns the id of the proposal.
func (w *world) propose(expedited bool, messages ...sdk.Msg) uint64 {
	w.t.Helper()
	w.must(w.submission(expedited, messages...))
	next, err := w.chain.App.GovKeeper.ProposalID.Peek(w.ctx)
	require.NoError(w.t, err)
	return next - 1
}

func (w *world) vote(voter sdk.AccAddress, id uint64, option govv1.VoteOption) {
	w.t.Helper()
	w.must(govv1.NewMsgVote(voter, id, option, ""))
}

func (w *world) registration(operator sdk.AccAddress, bond int64) *edgenodetypes.MsgRegister {
	worker := append(sdk.AccAddress{}, operator...)
	worker[0] ^= 0xff
	return &edgenodetypes.MsgRegister{
		Operator: operator.String(), Worker: worker.String(), Moniker: "node",
		Hardware: edgenodetypes.Hardware{CpuCores: 4, MemoryBytes: 8 << 30}, Region: "eu", Class: "cpu-small",
		Executors: []string{"wasm/1"}, Bond: tfuel(bond), Slots: 2,
	}
}

func (w *world) bond(operator sdk.AccAddress, amount int64) sdk.Msg {
	return &edgenodetypes.MsgBond{Operator: operator.String(), Amount: tfuel(amount)}
}

func (w *world) unbond(operator sdk.AccAddress, amount int64) sdk.Msg {
	return &edgenodetypes.MsgUnbond{Operator: operator.String(), Amount: tfuel(amount)}
}

// fault slashes a liability of a node, as x/compute does it for a wrong result.
func (w *world) fault(operator sdk.AccAddress, liability int64) error {
	w.t.Helper()
	cached, write := w.ctx.CacheContext()
	amount := tfuel(liability).Amount
	if err := w.chain.App.EdgenodeKeeper.Reserve(cached, operator, amount); err != nil {
		return err
	}
	_, err := w.chain.App.EdgenodeKeeper.Slash(cached, edgenodetypes.SlashRequest{
		Operator: operator, Liability: amount, Cost: math.ZeroInt(), To: "compute", Reason: edgenodetypes.ReasonWrongResult, JobID: "0-0-0",
	})
	if err == nil {
		write()
	}
	return err
}

func (w *world) proposal(id uint64) govv1.Proposal {
	w.t.Helper()
	found, err := w.chain.App.GovKeeper.Proposals.Get(w.ctx, id)
	require.NoError(w.t, err)
	return found
}

func (w *world) count(id uint64) types.Tally {
	w.t.Helper()
	tally, err := w.chain.App.TallyKeeper.Count(w.ctx, w.proposal(id))
	require.NoError(w.t, err)
	return tally
}

// votes returns the votes that x/gov keeps for a proposal.
func (w *world) votes(id uint64) []govv1.Vote {
	w.t.Helper()
	var all []govv1.Vote
	err := w.chain.App.GovKeeper.Votes.Walk(w.ctx, collections.NewPrefixedPairRange[uint64, sdk.AccAddress](id),
		func(_ collections.Pair[uint64, sdk.AccAddress], vote govv1.Vote) (bool, error) {
			all = append(all, vote)
			return false, nil
		})
	require.NoError(w.t, err)
	return all
}

func (w *world) requireInvariants() {
	w.t.Helper()
	for _, result := range w.chain.App.TallyKeeper.CheckInvariants(w.ctx) {
		require.NoError(w.t, result.Err, result.Name)
	}
}
