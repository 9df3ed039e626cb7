package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/tally/keeper"
	"github.com/thetaedge/theta/x/tally/types"
)

// yesBonds returns the bonds that count for yes, in whole tfuel.
func (w *world) yesBonds(id uint64) int64 {
	w.t.Helper()
	return w.count(id).Operators.Yes.Quo(math.LegacyNewDecFromInt(tfuel(1).Amount)).TruncateInt64()
}

func TestABondCountsOnceItsOperatorVotes(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 500))
	w.must(w.registration(w.person(2), 900))
	id := w.propose(false, w.change())
	before := w.count(id)
	require.True(t, before.Operators.Total.IsZero())
	require.Equal(t, before.Stakers.Power.String(), before.All.Power.String(), "bonds of operators who do not vote are not power")

	w.vote(w.person(1), id, govv1.OptionYes)
	after := w.count(id)
	require.EqualValues(t, 500, w.yesBonds(id))
	require.Equal(t, before.All.Power.Add(tfuel(500).Amount).String(), after.All.Power.String())
	require.Equal(t, before.Stakers.String(), after.Stakers.String())

	w.vote(w.person(1), id, govv1.OptionNo)
	require.Zero(t, w.yesBonds(id), "a changed vote replaces the first one")
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(500).Amount), w.count(id).Operators.No)
	w.must(govv1.NewMsgVoteWeighted(w.person(1), id, govv1.WeightedVoteOptions{
		{Option: govv1.OptionYes, Weight: "0.2"}, {Option: govv1.OptionAbstain, Weight: "0.8"},
	}, ""))
	require.EqualValues(t, 100, w.yesBonds(id))
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(500).Amount), w.count(id).Operators.Total)
	w.requireInvariants()
}

func TestTheLeastBondSinceTheVotingBeganCounts(t *testing.T) {
	w := newWorld(t, newChain(t))
	operator := w.person(1)
	w.must(w.registration(operator, 500))
	first := w.propose(false, w.change())
	w.vote(operator, first, govv1.OptionYes)
	w.must(w.bond(operator, 300))
	require.EqualValues(t, 500, w.yesBonds(first), "a top-up during the voting does not count")
	second := w.propose(false, w.change())
	w.vote(operator, second, govv1.OptionYes)
	require.EqualValues(t, 800, w.yesBonds(second), "it is older than a voting that begins later")

	w.must(w.unbond(operator, 200))
	require.EqualValues(t, 500, w.yesBonds(first), "what was added last leaves first")
	require.EqualValues(t, 600, w.yesBonds(second))
	w.must(w.unbond(operator, 200))
	require.EqualValues(t, 400, w.yesBonds(first))
	w.must(w.bond(operator, 1_000))
	require.EqualValues(t, 400, w.yesBonds(first))
	require.EqualValues(t, 400, w.yesBonds(second))
	require.NoError(t, w.fault(operator, 100))
	require.EqualValues(t, 400, w.yesBonds(first), "a slash takes from the same end")
	w.requireInvariants()
}

func TestCoinsThatMoveDuringAVotingCountAtMostOnce(t *testing.T) {
	w := newWorld(t, newChain(t))
	from, to := w.person(1), w.person(2)
	w.must(w.registration(from, 500))
	w.must(w.registration(to, 100))
	id := w.propose(false, w.change())
	w.vote(from, id, govv1.OptionYes)
	w.vote(to, id, govv1.OptionYes)
	require.EqualValues(t, 600, w.yesBonds(id))

	w.must(w.unbond(from, 400))
	w.must(w.bond(to, 400))
	require.EqualValues(t, 200, w.yesBonds(id), "a bond that moves to another operator is young there")
	w.must(&edgenodetypes.MsgRetire{Operator: from.String()})
	require.EqualValues(t, 100, w.yesBonds(id), "a bond of a retired node does not count")
	w.must(w.registration(from, 500))
	require.EqualValues(t, 100, w.yesBonds(id), "a node that registers again is young")

	stakers := w.count(id).Stakers.Votes.Yes
	w.must(stakingtypes.NewMsgDelegate(from.String(), w.validator(0), tfuel(500)))
	gained := w.count(id).Stakers.Votes.Yes.Sub(stakers)
	require.True(t, gained.Sub(math.LegacyNewDecFromInt(tfuel(500).Amount)).Abs().LT(math.LegacyOneDec()), "coins that left a bond count where they are")
	w.must(stakingtypes.NewMsgUndelegate(from.String(), w.validator(0), tfuel(500)))
	require.True(t, w.count(id).Stakers.Votes.Yes.Sub(stakers).Abs().LT(math.LegacyOneDec()))
	w.requireInvariants()
}

func TestAJailedNodeDoesNotVoteUntilItsTermIsOver(t *testing.T) {
	w := newWorld(t, newChain(t))
	operator := w.person(1)
	w.must(w.registration(operator, 500))
	id := w.propose(false, w.change())
	w.vote(operator, id, govv1.OptionYes)
	for range 3 {
		require.NoError(t, w.fault(operator, 10))
	}
	require.Zero(t, w.yesBonds(id))
	response, err := keeper.NewQueryServer(w.chain.App.TallyKeeper).BondVote(w.ctx, &types.QueryBondVoteRequest{ProposalId: id, Operator: operator.String()})
	require.NoError(t, err)
	require.Equal(t, "the node is jailed or retired", response.Reason)
	node, err := w.chain.App.EdgenodeKeeper.Node(w.ctx, operator)
	require.NoError(t, err)
	w.ctx = w.ctx.WithBlockHeight(node.State.Jail.Until + 1)
	w.must(&edgenodetypes.MsgUnjail{Operator: operator.String()})
	require.EqualValues(t, 470, w.yesBonds(id))
	w.must(&edgenodetypes.MsgPause{Operator: operator.String()})
	require.EqualValues(t, 470, w.yesBonds(id), "the bond of a paused node can still be slashed")
	w.requireInvariants()
}

// ended ends the voting of a proposal and returns the proposal.
func (w *world) ended(id uint64) govv1.Proposal {
	w.t.Helper()
	w.endBlock(votingTime)
	return w.proposal(id)
}

func TestBondsDecideAVoting(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 2_000))
	id := w.propose(false, w.change())
	w.vote(w.operator(0), id, govv1.OptionNo) // 1,000 of the 2,100 tfuel at stake
	w.vote(w.person(1), id, govv1.OptionYes)
	count := w.count(id)
	require.Equal(t, types.VERDICT_NOT_ENOUGH_YES, count.Stakers.Verdict)
	require.Equal(t, types.VERDICT_ACCEPTED, count.Verdict)
	proposal := w.ended(id)
	require.Equal(t, govv1.StatusPassed, proposal.Status, proposal.FailedReason)
	require.Equal(t, tfuel(2_000).Amount.String(), proposal.FinalTallyResult.YesCount)

	response, err := keeper.NewQueryServer(w.chain.App.TallyKeeper).Tally(w.ctx, &types.QueryTallyRequest{ProposalId: id})
	require.NoError(t, err)
	require.True(t, response.Ended)
	require.Equal(t, count.String(), response.Tally.String(), "the count that decided can be read afterwards")
}

// A grant needs validators and delegators, whatever the bonds say; and all together.
func TestStakersMustAcceptWhatPaysOperators(t *testing.T) {
	for _, c := range []struct {
		name              string
		stakers, operator govv1.VoteOption
		stakersMust       bool
		status            govv1.ProposalStatus
		verdict           types.Verdict
	}{
		{"operators alone", govv1.OptionNo, govv1.OptionYes, true, govv1.StatusRejected, types.VERDICT_NOT_ENOUGH_YES},
		{"operators alone, about something else", govv1.OptionNo, govv1.OptionYes, false, govv1.StatusPassed, types.VERDICT_ACCEPTED},
		{"stakers without operators", govv1.OptionYes, govv1.OptionNo, true, govv1.StatusRejected, types.VERDICT_NOT_ENOUGH_YES},
		{"both", govv1.OptionYes, govv1.OptionYes, true, govv1.StatusPassed, types.VERDICT_ACCEPTED},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, newChain(t))
			w.must(w.registration(w.person(1), 5_000))
			id := w.propose(false, w.change())
			if c.stakersMust {
				w.mustAccept(id)
			}
			w.vote(w.operator(0), id, c.stakers)
			w.vote(w.person(1), id, c.operator)
			require.Equal(t, c.verdict, w.count(id).Verdict)
			proposal := w.ended(id)
			require.Equal(t, c.status, proposal.Status, proposal.FailedReason)
		})
	}
}

// mustAccept makes the acceptance of stakers necessary, as if the proposal paid operators.
func (w *world) mustAccept(id uint64) {
	w.t.Helper()
	genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(w.t, err)
	require.Equal(w.t, id, genesis.Votings[0].ProposalId)
	genesis.Votings[0].StakersMustAccept = true
	require.NoError(w.t, w.chain.App.TallyKeeper.InitGenesis(w.ctx, *genesis))
}

func TestVotesOfAnExpeditedProposalStayWhenItBecomesARegularOne(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 900))
	id := w.propose(true, w.change())
	w.vote(w.operator(0), id, govv1.OptionNo)  // 1,000
	w.vote(w.person(1), id, govv1.OptionYes)   // 900
	w.vote(w.operator(1), id, govv1.OptionYes) // 700
	w.endBlock(hastyTime)
	proposal := w.proposal(id)
	require.Equal(t, govv1.StatusVotingPeriod, proposal.Status)
	require.False(t, proposal.Expedited, "1,600 of 2,600 are less than two thirds")
	require.Len(t, w.votes(id), 3)
	w.must(w.bond(w.person(1), 100))
	require.EqualValues(t, 900, w.yesBonds(id))
	w.requireInvariants()
	require.Equal(t, govv1.StatusPassed, w.ended(id).Status, "1,600 of 2,600 are more than half")
	require.Empty(t, w.votes(id))
}

func TestAnExpeditedProposalPassesEarly(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 900))
	id := w.propose(true, w.change())
	w.vote(w.operator(0), id, govv1.OptionYes)
	w.vote(w.person(1), id, govv1.OptionYes)
	w.endBlock(hastyTime)
	require.Equal(t, govv1.StatusPassed, w.proposal(id).Status)
}

func TestACancelledProposalLeavesNothing(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 900))
	id := w.propose(false, w.change())
	w.vote(w.person(1), id, govv1.OptionYes)
	w.vote(w.operator(0), id, govv1.OptionYes)
	w.must(w.bond(w.person(1), 50))
	w.must(govv1.NewMsgCancelProposal(id, w.person(0).String()))
	w.endBlock(time.Second)
	genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(t, err)
	require.Empty(t, genesis.Votings)
	require.Empty(t, genesis.Increases)
	require.Empty(t, w.votes(id))
	w.requireInvariants()
}

// crowd makes accounts without coins vote.
func (w *world) crowd(id uint64, from, to int) {
	w.t.Helper()
	for i := from; i < to; i++ {
		voter := sdk.AccAddress(fmt.Sprintf("voter-%014d", i))
		require.NoError(w.t, w.chain.App.GovKeeper.AddVote(w.ctx, id, voter, govv1.NewNonSplitVoteOption(govv1.OptionYes), ""))
	}
}

func TestTheEndOfAVotingCostsTheSameWhateverTheNumberOfVoters(t *testing.T) {
	w := newWorld(t, newChain(t))
	id := w.propose(false, w.change())
	gas := func() uint64 {
		meter := storetypes.NewInfiniteGasMeter()
		_, err := w.chain.App.TallyKeeper.Count(w.ctx.WithGasMeter(meter), w.proposal(id))
		require.NoError(t, err)
		return meter.GasConsumed()
	}
	w.vote(w.operator(0), id, govv1.OptionYes)
	w.crowd(id, 0, 1)
	few := gas()
	w.crowd(id, 1, 450)
	require.Equal(t, few, gas())

	proposal := w.ended(id)
	require.Equal(t, govv1.StatusPassed, proposal.Status)
	require.Len(t, w.votes(id), 451-types.SweepLimit, "a block removes a number of votes")
	_, err := keeper.NewQueryServer(w.chain.App.TallyKeeper).BondVotes(w.ctx, &types.QueryBondVotesRequest{ProposalId: id})
	require.ErrorContains(t, err, "thetad query tally count")
	w.endBlock(time.Second)
	w.endBlock(time.Second)
	require.Empty(t, w.votes(id))
	w.requireInvariants()
}

func TestQueriesExplainBondVotes(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 500))
	w.must(w.registration(w.person(2), 600))
	id := w.propose(false, w.change())
	w.vote(w.person(1), id, govv1.OptionYes)
	w.vote(w.operator(0), id, govv1.OptionYes)
	w.must(w.bond(w.person(1), 40))
	queries := keeper.NewQueryServer(w.chain.App.TallyKeeper)

	votes, err := queries.BondVotes(w.ctx, &types.QueryBondVotesRequest{ProposalId: id})
	require.NoError(t, err)
	require.Len(t, votes.Votes, 1)
	require.Equal(t, w.person(1).String(), votes.Votes[0].Operator)
	require.Equal(t, tfuel(500).Amount, votes.Votes[0].Bond)

	vote, err := queries.BondVote(w.ctx, &types.QueryBondVoteRequest{ProposalId: id, Operator: w.person(1).String()})
	require.NoError(t, err)
	require.True(t, vote.Voted)
	require.Equal(t, tfuel(540).Amount, vote.Bond)
	require.Equal(t, tfuel(40).Amount, vote.Younger)
	require.Equal(t, tfuel(500).Amount, vote.Counts)
	require.Contains(t, vote.Reason, "added after the voting began")
	for operator, reason := range map[string]string{
		w.person(2).String(): "the operator has not voted", w.person(3).String(): "the account does not have a node with a bond",
	} {
		vote, err = queries.BondVote(w.ctx, &types.QueryBondVoteRequest{ProposalId: id, Operator: operator})
		require.NoError(t, err)
		require.Equal(t, reason, vote.Reason)
	}
	_, err = queries.BondVote(w.ctx, &types.QueryBondVoteRequest{ProposalId: id, Operator: "x"})
	require.ErrorContains(t, err, "expected an account address")
	_, err = queries.Tally(w.ctx, &types.QueryTallyRequest{ProposalId: 99})
	require.ErrorContains(t, err, "thetad query gov proposals")
	checked, err := queries.Invariants(w.ctx, &types.QueryInvariantsRequest{})
	require.NoError(t, err)
	require.Len(t, checked.Results, 5)
	for _, result := range checked.Results {
		require.True(t, result.Ok, "%s: %s", result.Name, result.Detail)
	}
}

// A chain that had proposals before it had this module counts the votes that it finds.
func TestAGenesisWithoutTheModuleCountsTheVotesOfGov(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.must(w.registration(w.person(1), 500))
	id := w.propose(false, w.change())
	w.vote(w.person(1), id, govv1.OptionYes)
	w.vote(w.operator(0), id, govv1.OptionNo)
	expected := w.count(id)
	store := w.ctx.KVStore(w.chain.App.KVStoreKeys()[types.StoreKey])
	iterator := store.Iterator(nil, nil)
	var keys [][]byte
	for ; iterator.Valid(); iterator.Next() {
		keys = append(keys, iterator.Key())
	}
	require.NoError(t, iterator.Close())
	for _, key := range keys {
		store.Delete(key)
	}
	require.NoError(t, w.chain.App.TallyKeeper.InitGenesis(w.ctx, *types.DefaultGenesis()))
	after := w.count(id)
	require.Equal(t, expected.String(), after.String())
	w.requireInvariants()
}

func TestARefusedGenesisSaysWhatItExpects(t *testing.T) {
	amount := math.OneInt()
	for name, genesis := range map[string]types.GenesisState{
		"rising proposal ids":           {LastNumber: 2, Votings: []types.Voting{{ProposalId: 2, Number: 1}, {ProposalId: 1, Number: 2}}},
		"a number of its own from 1":    {LastNumber: 1, Votings: []types.Voting{{ProposalId: 1, Number: 2}}},
		"each operator once":            {LastNumber: 1, Increases: []types.Increases{{Operator: "a", Increases: []types.Increase{{Number: 1, Amount: amount}}}, {Operator: "a"}}},
		"expected amounts above 0":      {LastNumber: 1, Increases: []types.Increases{{Operator: "a", Increases: []types.Increase{{Number: 1, Amount: math.ZeroInt()}}}}},
		"expected rising numbers up to": {Increases: []types.Increases{{Operator: "a", Increases: []types.Increase{{Number: 1, Amount: amount}}}}},
		"expected at least one":         {Increases: []types.Increases{{Operator: "a"}}},
		"tallies: expected rising":      {Tallies: []types.Tally{{}}},
		"expected objection_bps up to":  {LastNumber: 1, Votings: []types.Voting{{ProposalId: 1, Number: 1, ObjectionBps: 3_334}}},
		"and 0 if stakers must accept":  {LastNumber: 1, Votings: []types.Voting{{ProposalId: 1, Number: 1, ObjectionBps: 1, StakersMustAccept: true}}},
	} {
		genesis.Params = types.DefaultParams()
		err := genesis.Validate()
		require.ErrorIs(t, err, types.ErrInvalidGenesis, name)
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, types.DefaultGenesis().Validate())
}
