package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/tally/types"
)

func TestABondThatIsSplitAmongOperatorsGainsNothing(t *testing.T) {
	chain := newChain(t)
	count := func(bonds ...int64) types.Tally {
		w := newWorld(t, chain)
		for i, bond := range bonds {
			w.must(w.registration(w.person(i+1), bond))
		}
		id := w.propose(false, w.change())
		w.vote(w.operator(0), id, govv1.OptionNo)
		for i := range bonds {
			w.vote(w.person(i+1), id, govv1.OptionYes)
		}
		w.requireInvariants()
		return w.count(id)
	}
	whole, split := count(900), count(300, 299, 301)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(900).Amount), whole.Operators.Yes)
	require.Equal(t, whole.String(), split.String())
}

func TestABondThatComesForTheVoteOrLeavesAfterItDoesNotCount(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 900))
	w.must(w.registration(w.person(3), 100))
	id := w.propose(false, w.change())
	power := w.count(id).All.Power
	w.must(w.registration(w.person(2), 900)) // bonds for the vote
	w.must(w.bond(w.person(3), 5_000))
	for _, i := range []int{1, 2, 3} {
		w.vote(w.person(i), id, govv1.OptionYes)
	}
	require.EqualValues(t, 1_000, w.yesBonds(id))
	w.must(w.unbond(w.person(1), 800)) // leaves after the vote
	require.EqualValues(t, 200, w.yesBonds(id))
	w.must(w.bond(w.person(1), 800))
	require.EqualValues(t, 200, w.yesBonds(id), "it does not come back for the count")
	w.must(&edgenodetypes.MsgRetire{Operator: w.person(3).String()})
	require.EqualValues(t, 100, w.yesBonds(id))
	require.Equal(t, power.Add(tfuel(100).Amount).String(), w.count(id).All.Power.String(), "what does not count is not power either")
	w.requireInvariants()
}

// A node that retires while it works keeps the part of its bond that the work locks. That part does
// not vote.
func TestABondOfARetiringNodeDoesNotCount(t *testing.T) {
	w := newWorld(t, newChain(t))
	operator := w.person(1)
	w.must(w.registration(operator, 500))
	id := w.propose(false, w.change())
	w.vote(operator, id, govv1.OptionYes)
	require.NoError(t, w.chain.App.EdgenodeKeeper.Reserve(w.ctx, operator, tfuel(60).Amount))
	require.EqualValues(t, 500, w.yesBonds(id), "locked bond votes")
	w.must(&edgenodetypes.MsgRetire{Operator: operator.String()})
	stake, err := w.chain.App.EdgenodeKeeper.Stake(w.ctx, operator)
	require.NoError(t, err)
	require.Equal(t, tfuel(60).Amount, stake.Bond)
	require.Zero(t, w.yesBonds(id))
	require.True(t, w.count(id).Operators.Total.IsZero())
	w.requireInvariants()
}

func TestAVoteOfTheWorkerKeyDoesNotCarryTheBond(t *testing.T) {
	w := newWorld(t, newChain(t))
	registration := w.registration(w.person(1), 900)
	registration.Worker = w.person(2).String()
	w.must(registration)
	id := w.propose(false, w.change())
	before := w.count(id)
	w.vote(w.person(2), id, govv1.OptionYes)
	after := w.count(id)
	require.Equal(t, before.String(), after.String())
	w.vote(w.person(1), id, govv1.OptionNo)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(900).Amount), w.count(id).Operators.No)
	require.Zero(t, w.yesBonds(id))
	w.requireInvariants()
}

func TestAnOperatorWhoDelegatesVotesWithBothOnce(t *testing.T) {
	w := newWorld(t, newChain(t))
	operator := w.person(1)
	w.must(w.registration(operator, 500))
	w.must(stakingtypes.NewMsgDelegate(operator.String(), w.validator(0), tfuel(200)))
	id := w.propose(false, w.change())
	w.vote(operator, id, govv1.OptionYes)
	w.vote(operator, id, govv1.OptionYes)
	w.must(govv1.NewMsgVoteWeighted(operator, id, govv1.WeightedVoteOptions{{Option: govv1.OptionYes, Weight: "1"}}, ""))
	count := w.count(id)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(200).Amount), count.Stakers.Votes.Yes)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(500).Amount), count.Operators.Yes)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(700).Amount), count.All.Votes.Total)
	w.must(stakingtypes.NewMsgUndelegate(operator.String(), w.validator(0), tfuel(200)))
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(500).Amount), w.count(id).All.Votes.Total)
	w.requireInvariants()
}

// Proposals of a crowd cost those who made them: neither a bond nor the end of a block becomes
// dearer.
func TestManyProposalsDoNotMakeBondsOrBlocksDearer(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 500))
	cost := func(run func(sdk.Context) error) uint64 {
		meter := storetypes.NewInfiniteGasMeter()
		cached, _ := w.ctx.CacheContext()
		require.NoError(t, run(cached.WithGasMeter(meter)))
		return meter.GasConsumed()
	}
	bond := func(ctx sdk.Context) error {
		return w.chain.App.EdgenodeKeeper.AddBond(ctx, w.person(1), tfuel(10))
	}
	open := func(proposals int) {
		for range proposals {
			w.propose(false, w.change())
		}
		w.endBlock(time.Second)
	}
	open(types.CheckLimit + 5)
	fewBond, fewEnd := cost(bond), cost(func(ctx sdk.Context) error { return w.chain.App.TallyKeeper.EndBlock(ctx) })
	require.Positive(t, fewEnd)
	open(50)
	require.Equal(t, fewBond, cost(bond))
	require.LessOrEqual(t, cost(func(ctx sdk.Context) error { return w.chain.App.TallyKeeper.EndBlock(ctx) }), fewEnd+fewEnd/10)
	w.requireInvariants()
}

// A proposal that is cancelled among many others is found within some blocks, wherever it is.
func TestACancelledProposalAmongManyIsFound(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 500))
	var ids []uint64
	for range 2*types.CheckLimit + 7 {
		ids = append(ids, w.propose(false, w.change()))
	}
	w.endBlock(time.Second)
	cancelled := []uint64{ids[0], ids[types.CheckLimit+1], ids[len(ids)-1]}
	for _, id := range cancelled {
		w.vote(w.person(1), id, govv1.OptionYes)
		w.must(govv1.NewMsgCancelProposal(id, w.person(0).String()))
	}
	for range 6 {
		w.endBlock(time.Second)
	}
	genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(t, err)
	require.Len(t, genesis.Votings, len(ids)-len(cancelled))
	w.requireInvariants()
	w.endBlock(votingTime)
	require.NoError(t, w.chain.App.TallyKeeper.EndBlock(w.ctx))
	genesis, err = w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(t, err)
	require.Empty(t, genesis.Votings)
	w.requireInvariants()
}

// Parameters apply as they are when the votes are counted, as in the SDK. A bond that a new least
// bond makes too small still counts, because it can be slashed.
func TestParametersThatChangeDuringAVotingApplyToItsCount(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 500))
	id := w.propose(false, w.change())
	end := w.proposal(id).VotingEndTime
	w.vote(w.operator(0), id, govv1.OptionYes) // 1,000 of 2,100
	w.vote(w.person(1), id, govv1.OptionNo)
	require.Equal(t, types.VERDICT_ACCEPTED, w.count(id).Verdict)

	nodes, err := w.chain.App.EdgenodeKeeper.Params(w.ctx)
	require.NoError(t, err)
	nodes.MinBond, nodes.BondPerSlot = tfuel(600).Amount, tfuel(600).Amount
	w.must(&edgenodetypes.MsgUpdateParams{Authority: app.Authority(), Params: nodes})
	rules, err := w.chain.App.GovKeeper.Params.Get(w.ctx)
	require.NoError(t, err)
	shorter, hasty := votingTime/4, hastyTime/4
	rules.VotingPeriod, rules.ExpeditedVotingPeriod, rules.Threshold = &shorter, &hasty, "0.66"
	rules.ExpeditedThreshold = "0.7"
	w.must(&govv1.MsgUpdateParams{Authority: app.Authority(), Params: rules})
	require.Equal(t, end, w.proposal(id).VotingEndTime)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(500).Amount), w.count(id).Operators.No)
	require.Equal(t, types.VERDICT_ACCEPTED, w.count(id).Verdict, "1,000 of 1,500 are more than 0.66")
	rules.Threshold = "0.67"
	w.must(&govv1.MsgUpdateParams{Authority: app.Authority(), Params: rules})
	require.Equal(t, types.VERDICT_NOT_ENOUGH_YES, w.count(id).Verdict)
	w.requireInvariants()
	require.Equal(t, govv1.StatusRejected, w.ended(id).Status)
}

// Wallets ask x/gov for the tally of an open voting. It contains the bonds, and asking changes nothing.
func TestTheTallyQueryOfGovContainsTheBonds(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 500))
	id := w.propose(false, w.change())
	w.vote(w.operator(1), id, govv1.OptionNo)
	w.vote(w.person(1), id, govv1.OptionYes)
	before := w.count(id)
	query, _ := w.ctx.CacheContext() // as the node gives it to queries
	found, err := govkeeper.NewQueryServer(w.chain.App.GovKeeper).TallyResult(query, &govv1.QueryTallyResultRequest{ProposalId: id})
	require.NoError(t, err)
	require.Equal(t, tfuel(500).Amount.String(), found.Tally.YesCount)
	require.Equal(t, tfuel(700).Amount.String(), found.Tally.NoCount)
	after := w.count(id)
	require.Equal(t, before.String(), after.String())
	require.Len(t, w.votes(id), 2)
	w.requireInvariants()
}
