package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/tally"
	"github.com/thetaedge/theta/x/tally/keeper"
	"github.com/thetaedge/theta/x/tally/types"
)

// params returns the parameters of x/tally.
func (w *world) params() types.Params {
	w.t.Helper()
	found, err := w.chain.App.TallyKeeper.Params(w.ctx)
	require.NoError(w.t, err)
	return found
}

// changeParams changes the parameters of x/tally, as governance does it.
func (w *world) changeParams(change func(*types.Params)) error {
	w.t.Helper()
	params := w.params()
	change(&params)
	return w.send(&types.MsgUpdateParams{Authority: app.Authority(), Params: params})
}

// allow lets the first person make optimistic proposals of carbon factors and of hardware classes.
func (w *world) allow() {
	w.t.Helper()
	require.NoError(w.t, w.changeParams(func(p *types.Params) {
		p.OptimisticProposers = []string{w.person(0).String()}
		p.OptimisticMessages = []string{sdk.MsgTypeURL(&computetypes.MsgUpdateCarbonFactors{}), sdk.MsgTypeURL(&edgenodetypes.MsgUpdateParams{})}
	}))
}

// suggestion returns an optimistic proposal of the first person.
func (w *world) suggestion(messages ...sdk.Msg) *types.MsgSubmitOptimistic {
	w.t.Helper()
	msg := &types.MsgSubmitOptimistic{
		Proposer: w.person(0).String(), InitialDeposit: sdk.NewCoins(tfuel(1_000)), Title: "title", Summary: "summary",
	}
	for _, message := range messages {
		packed, err := codectypes.NewAnyWithValue(message)
		require.NoError(w.t, err)
		msg.Messages = append(msg.Messages, packed)
	}
	return msg
}

// suggest makes an optimistic proposal and returns its id.
func (w *world) suggest(messages ...sdk.Msg) uint64 {
	w.t.Helper()
	w.must(w.suggestion(messages...))
	next, err := w.chain.App.GovKeeper.ProposalID.Peek(w.ctx)
	require.NoError(w.t, err)
	return next - 1
}

// addClass returns a message of governance that adds a hardware class.
func (w *world) addClass() *edgenodetypes.MsgUpdateParams {
	w.t.Helper()
	params, err := w.chain.App.EdgenodeKeeper.Params(w.ctx)
	require.NoError(w.t, err)
	class := params.Classes[0]
	class.Id = "added"
	params.Classes = append(params.Classes, class)
	return &edgenodetypes.MsgUpdateParams{Authority: app.Authority(), Params: params}
}

// added reports whether the class is there.
func (w *world) added() bool {
	w.t.Helper()
	params, err := w.chain.App.EdgenodeKeeper.Params(w.ctx)
	require.NoError(w.t, err)
	_, err = params.Class("added")
	return err == nil
}

// split votes with a weight for one option and the rest for another.
func (w *world) split(voter sdk.AccAddress, id uint64, option govv1.VoteOption, weight string, rest govv1.VoteOption) {
	w.t.Helper()
	other := math.LegacyOneDec().Sub(math.LegacyMustNewDecFromStr(weight))
	w.must(govv1.NewMsgVoteWeighted(voter, id, govv1.WeightedVoteOptions{
		{Option: option, Weight: weight}, {Option: rest, Weight: other.String()},
	}, ""))
}

// In each case 2,500 tfuel are staked, so 250 object successfully. One person has delegated 400 of them.
func TestAnOptimisticProposalPassesUnlessVotersObject(t *testing.T) {
	for _, c := range []struct {
		name    string
		vote    func(w *world, id uint64)
		verdict types.Verdict
		burned  bool
	}{
		{"silence", func(*world, uint64) {}, types.VERDICT_ACCEPTED, false},
		{"abstentions", func(w *world, id uint64) { w.vote(w.operator(0), id, govv1.OptionAbstain) }, types.VERDICT_ACCEPTED, false},
		{"too few objections", func(w *world, id uint64) {
			w.split(w.person(1), id, govv1.OptionNo, "0.624", govv1.OptionYes)
		}, types.VERDICT_ACCEPTED, false},
		{"just enough objections", func(w *world, id uint64) {
			w.split(w.person(1), id, govv1.OptionNo, "0.625", govv1.OptionYes)
		}, types.VERDICT_OBJECTED, false},
		{"all others for it", func(w *world, id uint64) {
			w.split(w.person(1), id, govv1.OptionNo, "0.625", govv1.OptionNoWithVeto)
			w.vote(w.operator(0), id, govv1.OptionYes)
			w.vote(w.operator(1), id, govv1.OptionYes)
			w.vote(w.operator(2), id, govv1.OptionYes)
		}, types.VERDICT_OBJECTED, false},
		{"both kinds of objections together", func(w *world, id uint64) {
			w.split(w.person(1), id, govv1.OptionNo, "0.3", govv1.OptionNoWithVeto)
		}, types.VERDICT_OBJECTED, false},
		{"vetoes of less than a third", func(w *world, id uint64) { w.vote(w.operator(1), id, govv1.OptionNoWithVeto) }, types.VERDICT_OBJECTED, false},
		{"vetoes of more than a third", func(w *world, id uint64) { w.vote(w.operator(0), id, govv1.OptionNoWithVeto) }, types.VERDICT_VETOED, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, newChain(t))
			w.must(stakingtypes.NewMsgDelegate(w.person(1).String(), w.validator(0), tfuel(400)))
			w.allow()
			before := w.chain.App.BankKeeper.GetBalance(w.ctx, w.person(0), "atfuel")
			id := w.suggest(w.addClass())
			c.vote(w, id)
			count := w.count(id)
			require.Equal(t, c.verdict, count.Verdict)
			require.Equal(t, tfuel(2_500).Amount, count.Optimistic.Power)
			require.Equal(t, math.LegacyNewDecFromInt(tfuel(250).Amount), count.Optimistic.Needed)
			w.requireInvariants()

			proposal := w.ended(id)
			passes := c.verdict == types.VERDICT_ACCEPTED
			require.Equal(t, passes, proposal.Status == govv1.StatusPassed, "%s %s", proposal.Status, proposal.FailedReason)
			require.Equal(t, passes, w.added())
			after := w.chain.App.BankKeeper.GetBalance(w.ctx, w.person(0), "atfuel")
			require.Equal(t, c.burned, after.IsLT(before), "the deposit returns unless it was vetoed")
			response, err := keeper.NewQueryServer(w.chain.App.TallyKeeper).Tally(w.ctx, &types.QueryTallyRequest{ProposalId: id})
			require.NoError(t, err)
			require.Equal(t, count.String(), response.Tally.String())
		})
	}
}

// Bonds object like stakers. Those that do not object change nothing, so that no bond outvotes an objection.
func TestBondsObjectToAnOptimisticProposal(t *testing.T) {
	w := newWorld(t, newChain(t)) // 2,100 tfuel are staked
	w.allow()
	w.must(w.registration(w.person(1), 300))
	w.must(w.registration(w.person(2), 50_000))
	id := w.suggest(w.change())
	w.vote(w.person(2), id, govv1.OptionYes)
	require.Equal(t, tfuel(2_100).Amount, w.count(id).Optimistic.Power, "bonds for it are not power")
	w.split(w.person(1), id, govv1.OptionNo, "0.5", govv1.OptionAbstain)
	count := w.count(id)
	require.Equal(t, types.VERDICT_ACCEPTED, count.Verdict)
	require.Equal(t, tfuel(2_250).Amount, count.Optimistic.Power)
	w.vote(w.person(1), id, govv1.OptionNoWithVeto) // 300 of 2,400
	count = w.count(id)
	require.Equal(t, types.VERDICT_OBJECTED, count.Verdict)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(240).Amount), count.Optimistic.Needed)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(300).Amount), count.Optimistic.Objections)
	w.requireInvariants()
	require.Equal(t, govv1.StatusRejected, w.ended(id).Status)
}

func TestARefusedOptimisticProposalSaysWhatItExpects(t *testing.T) {
	w := newWorld(t, newChain(t))
	err := w.send(w.suggestion(w.change()))
	require.ErrorIs(t, err, types.ErrNotProposer, "a new chain lists no account")
	require.ErrorContains(t, err, "expected one of the 0 accounts in optimistic_proposers")
	w.allow()
	for _, c := range []struct {
		name   string
		change func(*types.MsgSubmitOptimistic)
		text   string
	}{
		{"another account", func(m *types.MsgSubmitOptimistic) { m.Proposer = w.person(1).String() }, "found " + w.person(1).String() + "; make a regular proposal"},
		{"no message", func(m *types.MsgSubmitOptimistic) { m.Messages = nil }, "expected at least one message"},
		{"a type that is not listed", func(m *types.MsgSubmitOptimistic) {
			packed, err := codectypes.NewAnyWithValue(&computetypes.MsgUpdateParams{Authority: app.Authority(), Params: computetypes.DefaultParams()})
			require.NoError(t, err)
			m.Messages = append(m.Messages, packed)
		}, "found /theta.compute.v1.MsgUpdateParams; make a regular proposal"},
		{
			"a part of the deposit", func(m *types.MsgSubmitOptimistic) { m.InitialDeposit = sdk.NewCoins(tfuel(999)) },
			"expected an initial deposit of at least 1000000000000000000000atfuel, with which the voting begins at once, found 999000000000000000000atfuel",
		},
		{"no title", func(m *types.MsgSubmitOptimistic) { m.Title = "" }, "title"},
		{"another authority", func(m *types.MsgSubmitOptimistic) {
			message := w.addClass()
			message.Authority = w.person(0).String()
			packed, err := codectypes.NewAnyWithValue(message)
			require.NoError(t, err)
			m.Messages = []*codectypes.Any{packed}
		}, "signer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			msg := w.suggestion(w.change())
			c.change(msg)
			require.ErrorContains(t, w.send(msg), c.text)
		})
	}
	last, err := w.chain.App.GovKeeper.ProposalID.Peek(w.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, last, "nothing was made")
	w.requireInvariants()
}

func TestRefusedParametersSayWhatTheyExpect(t *testing.T) {
	w := newWorld(t, newChain(t))
	person := w.person(1).String()
	many := func(entry string, n int) (all []string) {
		for range n {
			all = append(all, entry)
		}
		return all
	}
	for text, change := range map[string]func(*types.Params){
		"objection_bps: expected 1 to 3333, found 0":                     func(p *types.Params) { p.ObjectionBps = 0 },
		"objection_bps: expected 1 to 3333, found 3334":                  func(p *types.Params) { p.ObjectionBps = 3_334 },
		"optimistic_proposers: expected each entry once":                 func(p *types.Params) { p.OptimisticProposers = []string{person, person} },
		"optimistic_proposers: expected at most 20 accounts, found 21":   func(p *types.Params) { p.OptimisticProposers = many(person, 21) },
		"optimistic_proposers: expected an account address, found \"x\"": func(p *types.Params) { p.OptimisticProposers = []string{"x"} },
		"write addresses in lower case": func(p *types.Params) {
			p.OptimisticProposers = []string{"THETA1" + upper(person[len("theta1"):])}
		},
		"the account of governance; leave it out":                         func(p *types.Params) { p.OptimisticProposers = []string{app.Authority()} },
		"optimistic_messages: expected each entry once":                   func(p *types.Params) { p.OptimisticMessages = many("/a", 2) },
		"optimistic_messages: expected at most 20 types":                  func(p *types.Params) { p.OptimisticMessages = many("/a", 21) },
		"optimistic_messages: expected the type URL of a message":         func(p *types.Params) { p.OptimisticMessages = []string{"theta.compute.v1.MsgUpdateParams"} },
		"expected routine messages, found /cosmos.authz.v1beta1.MsgExec;": func(p *types.Params) { p.OptimisticMessages = []string{"/cosmos.authz.v1beta1.MsgExec"} },
	} {
		err := w.changeParams(change)
		require.ErrorIs(t, err, types.ErrInvalidParams, text)
		require.ErrorContains(t, err, text)
	}
	err := w.send(&types.MsgUpdateParams{Authority: person, Params: types.DefaultParams()})
	require.ErrorContains(t, err, "invalid authority")
	require.Equal(t, types.DefaultParams(), w.params(), "nothing was changed")
	response, err := keeper.NewQueryServer(w.chain.App.TallyKeeper).Params(w.ctx, &types.QueryParamsRequest{})
	require.NoError(t, err)
	require.Equal(t, types.DefaultParams(), response.Params)
}

func upper(text string) string {
	bz := []byte(text)
	for i, b := range bz {
		if b >= 'a' && b <= 'z' {
			bz[i] = b - 'a' + 'A'
		}
	}
	return string(bz)
}

func TestAnOptimisticProposalIsCancelledLikeOthers(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	id := w.suggest(w.change())
	w.vote(w.operator(0), id, govv1.OptionNo)
	require.Error(t, w.send(govv1.NewMsgCancelProposal(id, w.person(1).String())))
	w.must(govv1.NewMsgCancelProposal(id, w.person(0).String()))
	w.endBlock(time.Second)
	w.requireInvariants()
	genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(t, err)
	require.Empty(t, genesis.Votings)
	w.endBlock(votingTime)
	_, err = w.chain.App.GovKeeper.Proposals.Get(w.ctx, id)
	require.ErrorIs(t, err, collections.ErrNotFound)
	w.requireInvariants()
}

// A message that fails when it is carried out changes nothing, and the deposit returns.
func TestAnOptimisticProposalWhoseMessageFailsIsAFailedOne(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	good, bad := w.addClass(), w.addClass()
	bad.Params.Classes = append(bad.Params.Classes, bad.Params.Classes[0])
	id := w.suggest(good, bad)
	proposal := w.ended(id)
	require.Equal(t, govv1.StatusFailed, proposal.Status)
	require.Contains(t, proposal.FailedReason, "classes: expected each once")
	require.False(t, w.added())
	genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(t, err)
	require.Empty(t, genesis.Votings, "the mark is gone")
	require.Equal(t, types.VERDICT_ACCEPTED, genesis.Tallies[0].Verdict)
}

// A proposal that is made with the message of x/gov stays a regular one, with any proposer and messages.
func TestTheMessageOfGovMakesRegularProposals(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	id := w.propose(false, w.change())
	require.Nil(t, w.count(id).Optimistic)
	require.Equal(t, govv1.StatusRejected, w.ended(id).Status)
}

// Wallets ask x/gov for the tally. Power that does not object is shown as votes for the proposal.
func TestTheTallyQueryOfGovCountsSilenceAsConsent(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	id := w.suggest(w.change())
	ask := func() *govv1.TallyResult {
		query, _ := w.ctx.CacheContext()
		found, err := govkeeper.NewQueryServer(w.chain.App.GovKeeper).TallyResult(query, &govv1.QueryTallyResultRequest{ProposalId: id})
		require.NoError(t, err)
		return found.Tally
	}
	require.Equal(t, tfuel(2_100).Amount.String(), ask().YesCount)
	w.vote(w.operator(2), id, govv1.OptionNo)
	require.Equal(t, "0", ask().YesCount)
	require.Equal(t, tfuel(1_700).Amount.String(), ask().AbstainCount)
	require.Equal(t, tfuel(400).Amount.String(), ask().NoCount)
}

// A chain from before optimistic proposals gets the default parameters when its binary is replaced.
func TestAChainFromBeforeOptimisticProposalsGetsTheDefaultParameters(t *testing.T) {
	w := newWorld(t, newChain(t))
	id := w.propose(false, w.change())
	w.vote(w.operator(0), id, govv1.OptionYes)
	w.ctx.KVStore(w.chain.App.KVStoreKeys()[types.StoreKey]).Delete(types.ParamsPrefix.Bytes())
	require.Equal(t, types.VERDICT_ACCEPTED, w.count(id).Verdict, "votes are counted without parameters too")

	registry := w.chain.App.InterfaceRegistry()
	messages, queries := baseapp.NewMsgServiceRouter(), baseapp.NewGRPCQueryRouter()
	messages.SetInterfaceRegistry(registry)
	queries.SetInterfaceRegistry(registry)
	configurator := module.NewConfigurator(w.chain.App.AppCodec(), messages, queries)
	manager := module.NewManager(tally.NewAppModule(w.chain.App.TallyKeeper))
	require.NoError(t, manager.RegisterServices(configurator))
	versions, err := manager.RunMigrations(w.ctx, configurator, module.VersionMap{types.ModuleName: 1})
	require.NoError(t, err)
	require.EqualValues(t, 2, versions[types.ModuleName])
	require.Equal(t, types.DefaultParams(), w.params())
	w.requireInvariants()
	require.Equal(t, govv1.StatusPassed, w.ended(id).Status)
}
