package keeper_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/tally/types"
)

// model counts votes by walking over all of them: those of validators and delegators as the SDK
// does, and bonds by what it has seen of them since each voting began.
type model struct {
	*world
	r *rapid.T
	// least contains the lowest bond of each operator since a voting began, by proposal.
	least map[uint64]map[string]math.Int
	// bonded contains the sum of all bonds when a voting began, by proposal.
	bonded map[uint64]math.Int
	// shares contains the share of objections when the voting of an optimistic proposal began, by proposal.
	shares map[uint64]uint32
	// seen counts what has happened.
	seen map[string]int
}

// run draws a step and runs it.
func (m *model) run() {
	a := m.person(rapid.IntRange(0, people-1).Draw(m.r, "person"))
	v, other := m.validator(rapid.IntRange(0, validators-1).Draw(m.r, "validator")), m.validator(rapid.IntRange(0, validators-1).Draw(m.r, "other"))
	amount := rapid.Int64Range(1, 400).Draw(m.r, "amount")
	coin := tfuel(amount)
	steps := map[string]func() error{
		"delegate":   func() error { return m.send(stakingtypes.NewMsgDelegate(a.String(), v, coin)) },
		"undelegate": func() error { return m.send(stakingtypes.NewMsgUndelegate(a.String(), v, coin)) },
		"redelegate": func() error { return m.send(stakingtypes.NewMsgBeginRedelegate(a.String(), v, other, coin)) },
		"register":   func() error { return m.send(m.registration(a, 100+amount)) },
		"bond":       func() error { return m.send(m.bond(a, amount)) },
		"unbond":     func() error { return m.send(m.unbond(a, amount)) },
		"retire":     func() error { return m.send(&edgenodetypes.MsgRetire{Operator: a.String()}) },
		"pause":      func() error { return m.send(&edgenodetypes.MsgPause{Operator: a.String()}) },
		"unjail":     func() error { return m.unjail(a) },
		"fault":      func() error { return m.fault(a, min(amount, 60)) },
		"work":       func() error { return m.chain.App.EdgenodeKeeper.Reserve(m.ctx, a, tfuel(20).Amount) },
		"rest":       func() error { return m.rest(a) },
		"jail":       func() error { return m.jail(a) },
		"vote":       func() error { return m.drawVote(people + validators) },
		// The operators of validators decide most votings.
		"validator votes": func() error { return m.drawVote(validators) },
		"propose":         m.drawProposal,
		"suggest":         m.drawSuggestion,
		"lists":           m.drawLists,
		"cancel":          m.cancel,
		"jail validator":  m.jailValidator,
		"slash":           m.slashValidator,
		"block":           m.block,
	}
	name := rapid.SampledFrom([]string{
		"delegate", "undelegate", "redelegate", "register", "register", "bond", "bond", "unbond", "retire", "pause", "unjail", "unjail", "fault", "jail", "work", "work", "rest",
		"vote", "vote", "vote", "vote", "vote", "vote", "validator votes", "validator votes", "propose", "suggest", "suggest", "lists", "cancel", "slash", "jail validator", "block", "block",
	}).Draw(m.r, "step")
	if steps[name]() == nil {
		m.seen[name]++
	}
}

// rest ends an assignment of a node.
func (m *model) rest(operator sdk.AccAddress) error {
	node, err := m.chain.App.EdgenodeKeeper.Node(m.ctx, operator)
	if err != nil {
		return err
	}
	if node.State.UsedSlots == 0 {
		return errors.New("not at work")
	}
	return m.chain.App.EdgenodeKeeper.Release(m.ctx, operator, tfuel(20).Amount)
}

// jail makes a node fail until it is in jail.
func (m *model) jail(operator sdk.AccAddress) error {
	for range 3 {
		if err := m.fault(operator, 10); err != nil {
			return err
		}
	}
	return nil
}

// unjail waits until the term of a node is over, and ends the jail.
func (m *model) unjail(operator sdk.AccAddress) error {
	node, err := m.chain.App.EdgenodeKeeper.Node(m.ctx, operator)
	if err != nil {
		return err
	}
	if node.State.Status != edgenodetypes.NODE_STATUS_JAILED {
		return errors.New("not in jail")
	}
	m.ctx = m.ctx.WithBlockHeight(max(m.ctx.BlockHeight(), node.State.Jail.Until+1))
	return m.send(&edgenodetypes.MsgUnjail{Operator: operator.String()})
}

func (m *model) open() []uint64 {
	var ids []uint64
	require.NoError(m.r, m.chain.App.GovKeeper.VotingPeriodProposals.Walk(m.ctx, nil, func(id uint64, _ []byte) (bool, error) {
		ids = append(ids, id)
		return false, nil
	}))
	return ids
}

// drawVote draws a vote with one to three options, of one of the first voters: first come the
// operators of validators, and then people.
func (m *model) drawVote(voters int) error {
	open := m.open()
	if len(open) == 0 {
		return fmt.Errorf("nothing is voted on")
	}
	var voter sdk.AccAddress
	if i := rapid.IntRange(0, voters-1).Draw(m.r, "voter"); i < validators {
		voter = m.operator(i)
	} else {
		voter = m.person(i - validators)
	}
	id := rapid.SampledFrom(open).Draw(m.r, "proposal")
	options := rapid.Permutation([]govv1.VoteOption{
		govv1.OptionYes, govv1.OptionAbstain, govv1.OptionNo, govv1.OptionNoWithVeto,
	}).Draw(m.r, "options")
	weights := rapid.SampledFrom([][]string{
		{"1"}, {"0.5", "0.5"}, {"0.333333333333333333", "0.666666666666666667"}, {"0.7", "0.2", "0.1"},
	}).Draw(m.r, "weights")
	var weighted govv1.WeightedVoteOptions
	for i, weight := range weights {
		weighted = append(weighted, &govv1.WeightedVoteOption{Option: options[i], Weight: weight})
	}
	return m.send(govv1.NewMsgVoteWeighted(voter, id, weighted, ""))
}

func (m *model) drawProposal() error {
	if len(m.open()) == 3 {
		return fmt.Errorf("enough is voted on")
	}
	return m.send(m.submission(rapid.Bool().Draw(m.r, "expedited"), m.change()))
}

// drawSuggestion makes an optimistic proposal.
func (m *model) drawSuggestion() error {
	if len(m.open()) >= 4 {
		return errors.New("enough is voted on")
	}
	if err := m.send(m.suggestion(m.change())); err != nil {
		return err
	}
	open := m.open()
	m.shares[open[len(open)-1]] = m.params().ObjectionBps
	return nil
}

// drawLists changes who may make optimistic proposals, of what, and how many objections reject one.
func (m *model) drawLists() error {
	return m.changeParams(func(p *types.Params) {
		p.ObjectionBps = rapid.SampledFrom([]uint32{1, 500, 1_000, 2_500, 3_333}).Draw(m.r, "share")
		p.OptimisticProposers, p.OptimisticMessages = nil, nil
		if rapid.IntRange(0, 3).Draw(m.r, "listed") > 0 {
			p.OptimisticProposers = []string{m.person(0).String(), m.person(1).String()}
		}
		if rapid.IntRange(0, 3).Draw(m.r, "routine") > 0 {
			p.OptimisticMessages = []string{sdk.MsgTypeURL(m.change())}
		}
	})
}

// cancel cancels a proposal and ends the block, in which the module finds that the voting has ended.
func (m *model) cancel() error {
	open := m.open()
	if len(open) == 0 {
		return fmt.Errorf("nothing is voted on")
	}
	id := rapid.SampledFrom(open).Draw(m.r, "cancelled")
	if err := m.send(govv1.NewMsgCancelProposal(id, m.person(0).String())); err != nil {
		return err
	}
	m.endBlock(time.Second)
	require.Empty(m.r, m.votes(id))
	return nil
}

// slashValidator slashes a validator for the present, or for the past, which reaches
// redelegations too.
func (m *model) slashValidator() error {
	validator, err := m.chain.App.StakingKeeper.GetValidator(m.ctx, sdk.ValAddress(m.operator(rapid.IntRange(0, validators-1).Draw(m.r, "slashed"))))
	if err != nil {
		return err
	}
	address, err := validator.GetConsAddr()
	require.NoError(m.r, err)
	if !validator.IsBonded() {
		return fmt.Errorf("not bonded")
	}
	height := m.ctx.BlockHeight() - rapid.Int64Range(0, 3).Draw(m.r, "ago")
	_, err = m.chain.App.StakingKeeper.Slash(m.ctx, address, height,
		validator.ConsensusPower(m.chain.App.StakingKeeper.PowerReduction(m.ctx)), math.LegacyNewDecWithPrec(7, 2))
	return err
}

// jailValidator puts a validator in jail, or ends its jail. One validator always stays.
func (m *model) jailValidator() error {
	validator, err := m.chain.App.StakingKeeper.GetValidator(m.ctx, sdk.ValAddress(m.operator(rapid.IntRange(1, validators-1).Draw(m.r, "jailed"))))
	if err != nil {
		return err
	}
	address, err := validator.GetConsAddr()
	require.NoError(m.r, err)
	if validator.Jailed {
		return m.chain.App.StakingKeeper.Unjail(m.ctx, address)
	}
	return m.chain.App.StakingKeeper.Jail(m.ctx, address)
}

func (m *model) block() error {
	before := m.open()
	m.endBlock(rapid.SampledFrom([]time.Duration{time.Second, hastyTime, votingTime / 2, votingTime}).Draw(m.r, "time"))
	for _, id := range before {
		proposal, err := m.chain.App.GovKeeper.Proposals.Get(m.ctx, id)
		switch {
		case err != nil:
			return err
		case proposal.Status != govv1.StatusVotingPeriod:
			m.seen[proposal.Status.String()]++
			require.Empty(m.r, m.votes(id), "votes of a proposal that has been decided")
		}
	}
	return nil
}

// observe notes the bonds after a step.
func (m *model) observe() {
	for _, id := range m.open() {
		if m.least[id] == nil {
			m.least[id], m.bonded[id] = map[string]math.Int{}, math.ZeroInt()
			for i := range people {
				stake, err := m.chain.App.EdgenodeKeeper.Stake(m.ctx, m.person(i))
				require.NoError(m.r, err)
				m.bonded[id] = m.bonded[id].Add(stake.Bond)
			}
		}
		for i := range people {
			operator := m.person(i)
			stake, err := m.chain.App.EdgenodeKeeper.Stake(m.ctx, operator)
			require.NoError(m.r, err)
			least, known := m.least[id][operator.String()]
			if !known || stake.Bond.LT(least) {
				m.least[id][operator.String()] = stake.Bond
			}
		}
	}
}

// operators returns the votes of bonds.
func (m *model) operators(id uint64) types.Sums {
	sums := types.ZeroSums()
	for _, vote := range m.votes(id) {
		voter := sdk.MustAccAddressFromBech32(vote.Voter)
		node, err := m.chain.App.EdgenodeKeeper.Node(m.ctx, voter)
		if err != nil || node.State.Status == edgenodetypes.NODE_STATUS_JAILED || node.State.Status == edgenodetypes.NODE_STATUS_RETIRED {
			if err == nil && node.State.Bond.IsPositive() {
				m.seen[node.State.Status.Title()+" node with a bond"]++
			}
			continue
		}
		sums, err = sums.With(vote.Options, math.LegacyNewDecFromInt(m.least[id][vote.Voter]))
		require.NoError(m.r, err)
	}
	return sums
}

// check compares the tally of each open voting with the model, and with what x/gov makes of it.
func (m *model) check() {
	sdkTally := govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(m.chain.App.StakingKeeper)
	for _, id := range m.open() {
		proposal, found := m.proposal(id), m.count(id)
		cached, _ := m.ctx.CacheContext() // the SDK removes the votes that it counts
		total, power, results, err := sdkTally(cached, *m.chain.App.GovKeeper, proposal)
		require.NoError(m.r, err)
		requireClose(m.r, total, found.Stakers.Votes.Total)
		require.Equal(m.r, power.String(), found.Stakers.Power.String())
		for option, sum := range found.Stakers.Votes.Results() {
			requireClose(m.r, results[option], sum)
		}
		operators := m.operators(id)
		require.True(m.r, operators.Equal(found.Operators), "bonds of proposal %d: expected %v, found %v", id, operators, found.Operators)
		require.True(m.r, found.Operators.Total.LTE(math.LegacyNewDecFromInt(m.bonded[id])),
			"expected at most the %s that were bonded when the voting began, found %s", m.bonded[id], found.Operators.Total)
		if operators.Total.IsPositive() {
			m.seen["bond counts"]++
		}
		m.checkOptimistic(id, found, results, power, operators)
		cached, _ = m.ctx.CacheContext()
		passes, _, _, err := m.chain.App.GovKeeper.Tally(cached, proposal)
		require.NoError(m.r, err)
		require.Equal(m.r, passes, found.Verdict == types.VERDICT_ACCEPTED, "%s", found.Verdict)
		m.seen[found.Verdict.String()]++
	}
	m.requireInvariants()
}

// checkOptimistic compares the verdict on an optimistic proposal with one that follows from the walk over
// all votes and from the parameters that the model has seen.
func (m *model) checkOptimistic(
	id uint64, found types.Tally, stakers map[govv1.VoteOption]math.LegacyDec, power math.Int, operators types.Sums,
) {
	share, optimistic := m.shares[id]
	require.Equal(m.r, optimistic, found.Optimistic != nil)
	if !optimistic {
		require.NotEqual(m.r, types.VERDICT_OBJECTED, found.Verdict)
		return
	}
	params := m.params()
	bonds := operators.No.Add(operators.NoWithVeto)
	against := stakers[govv1.OptionNo].Add(stakers[govv1.OptionNoWithVeto]).Add(bonds)
	whole := power.Add(bonds.TruncateInt())
	needed := math.LegacyNewDecFromInt(whole.MulRaw(int64(min(share, params.ObjectionBps)))).QuoInt64(types.BasisPoints)
	requireClose(m.r, against, found.Optimistic.Objections)
	if against.Sub(needed).Abs().LTE(math.LegacyNewDecWithPrec(1, 9)) {
		return // rounding decides
	}
	objected := against.GT(needed)
	listed := slices.Contains(params.OptimisticProposers, m.person(0).String()) && slices.Contains(params.OptimisticMessages, sdk.MsgTypeURL(m.change()))
	require.Equal(m.r, listed, found.Optimistic.Lapsed == "")
	switch {
	case objected:
		require.Contains(m.r, []types.Verdict{types.VERDICT_OBJECTED, types.VERDICT_VETOED}, found.Verdict)
		m.seen["objected"]++
	case listed:
		require.Equal(m.r, types.VERDICT_ACCEPTED, found.Verdict)
		m.seen["silence accepts"]++
	default:
		require.Equal(m.r, found.All.Verdict, found.Verdict)
		m.seen["lapsed: "+found.Verdict.String()]++
	}
}

// requireClose compares sums of votes. They differ by rounding: the SDK rounds for each vote.
func requireClose(t require.TestingT, expected, found math.LegacyDec) {
	tolerance := math.LegacyNewDecWithPrec(1, 9) // of one atfuel
	require.True(t, expected.Sub(found).Abs().LTE(tolerance), "expected %s, found %s", expected, found)
}

// Whatever people do with their coins, delegations, nodes and votes, the sums that are kept give
// the same tally as a walk over all votes: the SDK's for validators and delegators, and for each
// operator who voted the least bond since the voting began.
func TestSumsGiveTheTallyOfAWalkOverAllVotes(t *testing.T) {
	chain, seen := newChain(t), map[string]int{}
	check := func(r *rapid.T) {
		m := &model{world: newWorld(r, chain), r: r, least: map[uint64]map[string]math.Int{}, bonded: map[uint64]math.Int{}, shares: map[uint64]uint32{}, seen: seen}
		m.allow()
		for i := range 2 {
			m.must(m.registration(m.person(i), 300))
		}
		m.propose(false, m.change())
		for range rapid.IntRange(10, 60).Draw(r, "steps") {
			m.observe()
			m.run()
			m.observe()
			m.check()
		}
	}
	needed := []string{
		"delegate", "undelegate", "redelegate", "register", "bond", "unbond", "retire", "fault", "vote", "validator votes", "propose", "cancel", "slash", "jail validator", "block",
		"bond counts", "PROPOSAL_STATUS_PASSED", "PROPOSAL_STATUS_REJECTED", types.VERDICT_ACCEPTED.String(), types.VERDICT_NO_QUORUM.String(),
		types.VERDICT_VETOED.String(), "jailed node with a bond", "retired node with a bond", "unjail",
		"suggest", "lists", "objected", "silence accepts", "lapsed: " + types.VERDICT_NO_QUORUM.String(),
		types.VERDICT_OBJECTED.String(),
	}
	missing := func() []string {
		return slices.DeleteFunc(slices.Clone(needed), func(what string) bool { return seen[what] > 0 })
	}
	// One run may not draw all of them, above all a shortened one.
	for runs := 0; len(missing()) > 0 && runs < 20; runs++ {
		rapid.Check(t, check)
	}
	t.Log(seen)
	require.Empty(t, missing(), "nothing of these was drawn")
}
