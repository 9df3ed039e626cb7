package keeper_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// The validators: the chain's first, which has 1,000 tfuel, another, and the cartel's.
const (
	first = iota
	second
	ours
)

const (
	// hoard is what each account of the cartel has, in whole tfuel: together less than the others have
	// staked. If coins voted twice, the cartel would have the majority.
	hoard = 200
	// follow is what others delegate to the cartel's validator, in whole tfuel.
	follow = 60
)

// cartel is a patron that also stakes. It has a validator to which others delegate too. It delegates
// and bonds what it has, moves it between its accounts, claims what its stake earns, proposes what pays
// it, and votes.
type cartel struct {
	*patron
	world      *wholeApp
	people     []sdk.AccAddress
	validators []sdk.ValAddress
	// income is at least what an honest stake would have earned, in atfuel.
	income math.LegacyDec
	// epoch is the epoch of x/epochs at the start, and emitted what had been emitted until then.
	epoch   int64
	emitted math.Int
	// proposals are the cartel's.
	proposals []uint64
	// seen counts what has happened, in all runs.
	seen map[string]int
}

// newCartel draws a cartel on a copy of the app's state.
func newCartel(t *rapid.T, shared *wholeApp, seen map[string]int) *cartel {
	w := *shared
	c := &cartel{world: &w, validators: w.validators(), income: math.LegacyZeroDec(), seen: seen}
	f := w.fixture(t)
	c.patron = newPatron(t, f)
	c.people = append(c.people, sdk.AccAddress(c.validators[ours]))
	for n := range accounts {
		c.people = append(c.people, requester(n))
	}
	for n := range c.ring {
		c.people = append(c.people, operator(n))
	}
	for i, person := range c.people[1:] {
		f.fund(person, params.TfuelCoin(hoard))
		c.do("delegate", stakingtypes.NewMsgDelegate(person.String(), c.validators[i%len(c.validators)].String(), params.TfuelCoin(hoard/2)))
	}
	follower := requester(accounts)
	f.fund(follower, params.TfuelCoin(follow))
	require.NoError(t, w.send(f, stakingtypes.NewMsgDelegate(follower.String(), c.validators[ours].String(), params.TfuelCoin(follow))))
	c.epoch, c.emitted = c.currentEpoch(), c.emission()
	c.besides = func() (math.Int, math.Int) { return c.staked(), c.income.Ceil().TruncateInt() }
	c.start = c.wealth()
	w.begun = c.earn
	return c
}

func (c *cartel) currentEpoch() int64 {
	info, err := c.world.chain.App.EpochsKeeper.GetEpochInfo(c.ctx, app.EdgeEpoch)
	require.NoError(c.t, err)
	return info.CurrentEpoch
}

// delegated returns how much of a validator's tokens belongs to some accounts.
func (c *cartel) delegated(to sdk.ValAddress, by ...sdk.AccAddress) math.LegacyDec {
	validator, err := c.world.chain.App.StakingKeeper.GetValidator(c.ctx, to)
	require.NoError(c.t, err)
	sum := math.LegacyZeroDec()
	for _, person := range by {
		if delegation, err := c.world.chain.App.StakingKeeper.GetDelegation(c.ctx, person, to); err == nil {
			sum = sum.Add(validator.TokensFromShares(delegation.Shares))
		}
	}
	return sum
}

// staked returns what the cartel has at stake, what is on its way back, and what its stake has earned.
func (c *cartel) staked() math.Int {
	a, sum := c.world.chain.App, math.LegacyZeroDec()
	cached, _ := c.ctx.CacheContext()
	for _, v := range c.validators {
		sum = sum.Add(c.delegated(v, c.people...))
		for _, person := range c.people {
			if unbonding, err := a.StakingKeeper.GetUnbondingDelegation(cached, person, v); err == nil {
				for _, entry := range unbonding.Entries {
					sum = sum.Add(math.LegacyNewDecFromInt(entry.Balance))
				}
			}
			if rewards, err := a.DistrKeeper.WithdrawDelegationRewards(cached, person, v); err == nil {
				sum = sum.Add(math.LegacyNewDecFromInt(rewards.AmountOf(denom)))
			}
		}
	}
	if commission, err := a.DistrKeeper.WithdrawValidatorCommission(cached, c.validators[ours]); err == nil {
		sum = sum.Add(math.LegacyNewDecFromInt(commission.AmountOf(denom)))
	}
	sum = sum.Add(math.LegacyNewDecFromInt(c.bank.GetBalance(c.ctx, c.people[0], denom).Amount)) // a patron counts the others
	for n := range c.ring {
		resp, err := edgenodekeeper.NewQueryServer(c.nodes).Unbondings(c.ctx, &edgenodetypes.QueryUnbondingsRequest{Operator: operator(n).String()})
		require.NoError(c.t, err)
		for _, u := range resp.Unbondings {
			sum = sum.Add(math.LegacyNewDecFromInt(u.Amount))
		}
	}
	for _, id := range c.proposals {
		for _, person := range c.people {
			if deposit, err := a.GovKeeper.Deposits.Get(c.ctx, collections.Join(id, person)); err == nil {
				sum = sum.Add(math.LegacyNewDecFromInt(sdk.NewCoins(deposit.Amount...).AmountOf(denom)))
			}
		}
	}
	return sum.TruncateInt()
}

// earn adds the cartel's share of what the fee collector had when the block began, and of what the block
// emits: by delegations, and the commission of its validator.
func (c *cartel) earn(collected, emitted math.Int) {
	a := c.world.chain.App
	tax, err := a.DistrKeeper.GetCommunityTax(c.ctx)
	require.NoError(c.t, err)
	shared := math.LegacyOneDec().Sub(tax).MulInt(collected.Add(emitted))
	power := int64(0)
	for _, vote := range c.ctx.VoteInfos() {
		power += vote.Validator.Power
	}
	for _, vote := range c.ctx.VoteInfos() {
		validator, err := a.StakingKeeper.GetValidatorByConsAddr(c.ctx, vote.Validator.Address)
		require.NoError(c.t, err)
		address, err := sdk.ValAddressFromBech32(validator.OperatorAddress)
		require.NoError(c.t, err)
		part := shared.MulInt64(vote.Validator.Power).QuoRoundUp(math.LegacyNewDec(power))
		commission := part.MulRoundUp(validator.Commission.Rate)
		if address.Equals(c.validators[ours]) {
			c.income = c.income.Add(commission)
		}
		delegated := c.delegated(address, c.people...)
		c.income = c.income.Add(part.Sub(commission).MulRoundUp(delegated.QuoRoundUp(math.LegacyNewDecFromInt(validator.Tokens))))
	}
}

// votes returns the most that the cartel may vote with: what it has delegated, what its validator votes
// for, and the bonds of its nodes.
func (c *cartel) votes() math.LegacyDec {
	sum := c.delegated(c.validators[ours], requester(accounts))
	for _, v := range c.validators {
		sum = sum.Add(c.delegated(v, c.people...))
	}
	for n := range c.ring {
		sum = sum.Add(math.LegacyNewDecFromInt(c.bond(n)))
	}
	return sum
}

// checkStake checks emission and votes.
func (c *cartel) checkStake(t *rapid.T) {
	most := rewardstypes.PerEpoch(math.NewInt(yearly), epochTime).MulRaw(c.currentEpoch() - c.epoch + 1)
	emitted := c.emission().Sub(c.emitted)
	require.True(t, emitted.LTE(most), "expected at most %s of emission, found %s", most, emitted)
	votes, a := c.votes(), c.world.chain.App
	for _, id := range c.proposals {
		proposal, err := a.GovKeeper.Proposals.Get(c.ctx, id)
		require.NoError(t, err)
		require.NotContains(t, []govv1.ProposalStatus{govv1.StatusPassed, govv1.StatusFailed}, proposal.Status, "others, who have more, are against proposal %d", id)
		if proposal.Status != govv1.StatusVotingPeriod {
			c.seen[proposal.Status.String()]++
			continue
		}
		tally, err := a.TallyKeeper.Count(c.ctx, proposal)
		require.NoError(t, err)
		yes := tally.All.Votes.Yes
		require.True(t, yes.LTE(votes.Add(math.LegacyNewDecWithPrec(1, 9))), "proposal %d: the cartel has %s and votes with %s", id, votes, yes)
		if tally.Operators.Yes.IsPositive() && tally.Stakers.Votes.Yes.IsPositive() {
			c.seen["delegation and bond vote"]++
		}
	}
}

// do runs a message of the cartel, and counts it if it succeeds.
func (c *cartel) do(name string, msg sdk.Msg) bool {
	err := c.world.send(c.fixture, msg)
	if err == nil {
		c.seen[name]++
	}
	return err == nil
}

// propose proposes parameters of x/edgenode, on which bonds decide too, or that nodes get the stakers'
// part of a reward. Others vote against it at once.
func (c *cartel) propose(t *rapid.T) {
	if len(c.proposals) > 3 {
		return
	}
	nodes, err := c.nodes.Params(c.ctx)
	require.NoError(t, err)
	rewards, err := c.rewards.Params(c.ctx)
	require.NoError(t, err)
	rewards.FeeSplit.ExecutorBps += rewards.FeeSplit.StakersBps
	rewards.FeeSplit.StakersBps = 0
	change := rapid.SampledFrom([]sdk.Msg{
		&edgenodetypes.MsgUpdateParams{Authority: authority(), Params: nodes},
		&rewardstypes.MsgUpdateParams{Authority: authority(), Params: rewards},
	}).Draw(t, "change")
	expedited := rapid.Bool().Draw(t, "expedited")
	msg, err := govv1.NewMsgSubmitProposal([]sdk.Msg{change}, sdk.NewCoins(params.TfuelCoin(2)),
		c.person(t).String(), "", "title", "summary", expedited)
	require.NoError(t, err)
	if !c.do("propose", msg) {
		return
	}
	next, err := c.world.chain.App.GovKeeper.ProposalID.Peek(c.ctx)
	require.NoError(t, err)
	id := next - 1
	c.proposals = append(c.proposals, id)
	for _, v := range c.validators[:ours] {
		require.NoError(t, c.world.send(c.fixture, govv1.NewMsgVote(sdk.AccAddress(v), id, govv1.OptionNo, "")))
	}
}

func (c *cartel) person(t *rapid.T) sdk.AccAddress {
	return rapid.SampledFrom(c.people).Draw(t, "person")
}

func (c *cartel) validator(t *rapid.T) string {
	return rapid.SampledFrom(c.validators).Draw(t, "validator").String()
}

// node returns one of the cartel's operators.
func (c *cartel) node(t *rapid.T) string {
	return operator(rapid.IntRange(0, c.ring-1).Draw(t, "node")).String()
}

// coins returns some of what an account has, with some odd atfuel.
func (c *cartel) coins(t *rapid.T) sdk.Coin {
	return params.TfuelCoin(rapid.Int64Range(0, hoard/2).Draw(t, "tfuel")).AddAmount(math.NewInt(rapid.Int64Range(1, 1_000).Draw(t, "atfuel")))
}

// compound stakes what nodes have earned.
func (c *cartel) compound(t *rapid.T) {
	for n := range c.ring {
		if rapid.Bool().Draw(t, "to the node") {
			c.do("claim and bond", &rewardstypes.MsgClaimAndBond{Operator: operator(n).String()})
		} else {
			c.do("claim and delegate", &rewardstypes.MsgClaimAndDelegate{Operator: operator(n).String(), Validator: c.validator(t)})
		}
	}
}

// pass lets an epoch pass.
func (c *cartel) pass(t *rapid.T) {
	c.ctx = c.ctx.WithBlockTime(c.ctx.BlockTime().Add(epochTime))
	c.turn(t)
}

func (c *cartel) actions() map[string]func(*rapid.T) {
	all := c.patron.actions()
	maps.Copy(all, map[string]func(*rapid.T){
		"epoch": c.pass,
		"stake": func(t *rapid.T) {
			person, to, coin := c.person(t), c.validator(t), c.coins(t)
			if rapid.IntRange(0, 2).Draw(t, "more") == 0 {
				c.do("delegate", stakingtypes.NewMsgDelegate(person.String(), to, coin))
				return
			}
			delegations, err := c.world.chain.App.StakingKeeper.GetDelegatorDelegations(c.ctx, person, 10)
			require.NoError(t, err)
			if len(delegations) == 0 {
				return
			}
			from := rapid.SampledFrom(delegations).Draw(t, "delegation").ValidatorAddress
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				c.do("undelegate", stakingtypes.NewMsgUndelegate(person.String(), from, coin))
			case 1:
				c.do("redelegate", stakingtypes.NewMsgBeginRedelegate(person.String(), from, to, coin))
			default:
				c.do("withdraw", distrtypes.NewMsgWithdrawDelegatorReward(person.String(), from))
				c.do("commission", distrtypes.NewMsgWithdrawValidatorCommission(c.validators[ours].String()))
			}
		},
		"bond": func(t *rapid.T) {
			if coin := c.coins(t); rapid.IntRange(0, 2).Draw(t, "unbonds") > 0 {
				c.do("bond", &edgenodetypes.MsgBond{Operator: c.node(t), Amount: coin})
			} else {
				c.do("unbond", &edgenodetypes.MsgUnbond{Operator: c.node(t), Amount: coin})
			}
		},
		"compound": c.compound,
		"send": func(t *rapid.T) {
			c.do("send", banktypes.NewMsgSend(c.person(t), c.person(t), sdk.NewCoins(c.coins(t))))
		},
		"propose": c.propose,
		"vote": func(t *rapid.T) {
			if len(c.proposals) == 0 {
				return
			}
			id := rapid.SampledFrom(c.proposals).Draw(t, "proposal")
			for _, person := range c.people {
				if rapid.IntRange(0, 3).Draw(t, "votes") > 0 {
					c.do("vote", govv1.NewMsgVote(person, id, govv1.OptionYes, ""))
				}
			}
		},
		"": func(t *rapid.T) {
			c.check(t)
			c.checkStake(t)
		},
	})
	return all
}

// Whatever a group does that posts, executes, audits, challenges, stakes, bonds, proposes and votes, it gains
// no more than its nodes have earned by lot and its stake by its share, and votes with no coin twice.
func TestAGroupWithNodesStakeAndVotesGainsOnlyItsShare(t *testing.T) {
	tenth := math.LegacyNewDecWithPrec(1, 1)
	world, seen := newWholeApp(t, validator{400, tenth}, validator{100, tenth}), map[string]int{}
	missing := func() []string {
		return slices.DeleteFunc([]string{
			"delegate", "undelegate", "redelegate", "withdraw", "commission", "bond", "unbond", "claim and bond", "claim and delegate", "send",
			"propose", "vote", "delegation and bond vote", govv1.StatusRejected.String(),
		}, func(what string) bool { return seen[what] > 0 })
	}
	// One run may not draw all of them, above all a shortened one.
	for runs := 0; len(missing()) > 0 && runs < 20; runs++ {
		rapid.Check(t, func(t *rapid.T) {
			c := newCartel(t, world, seen)
			t.Repeat(c.actions())
			c.finish(t)
			c.pass(t)
			c.pass(t) // held pay has matured
			c.compound(t)
			c.settle(t)
			c.checkStake(t)
		})
	}
	t.Log(seen)
	require.Empty(t, missing(), "nothing of these was drawn")
}
