package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func slashRequest(n byte, liability, cost int64, hasHonest bool) types.SlashRequest {
	req := types.SlashRequest{
		Operator: operator(n), Liability: math.NewInt(liability), Cost: math.NewInt(cost),
		To: escrow, Reason: types.ReasonWrongResult, JobID: "job", Task: 3,
	}
	if hasHonest {
		req.Honest = math.NewInt(mostHonest)
	}
	return req
}

// mostHonest is the upper limit for the honest share of a slash in these tests.
const mostHonest = 400

func TestReserveLocksBondAndSlot(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(60)))
	require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(41)), types.ErrInsufficientBond)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(40)))
	require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), math.ZeroInt()), types.ErrNoFreeSlot)
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.NewInt(60)))
	state := f.state(0)
	require.Equal(t, []int64{100, 40}, []int64{state.Bond.Int64(), state.Locked.Int64()})
	require.Equal(t, uint32(1), state.UsedSlots)
	require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(9), math.OneInt()), types.ErrNodeNotFound)
	f.requireInvariants()
}

func TestLiabilityIsNeverMissingOrNegative(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	for _, bad := range []math.Int{{}, math.NewInt(-1)} {
		require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), bad), types.ErrInvalidLiability)
		require.ErrorIs(t, f.keeper.Release(f.ctx, operator(0), bad), types.ErrInvalidLiability)
		_, err := f.keeper.Penalize(f.ctx, types.PenaltyRequest{Operator: operator(0), Liability: bad, Amount: math.OneInt(), Reason: types.ReasonMissedDeadline})
		require.ErrorIs(t, err, types.ErrInvalidLiability)
		_, err = f.keeper.Penalize(f.ctx, types.PenaltyRequest{Operator: operator(0), Liability: math.OneInt(), Amount: bad, Reason: types.ReasonMissedDeadline})
		require.ErrorIs(t, err, types.ErrInvalidSlash)
		req := slashRequest(0, 1, 0, false)
		req.Cost = bad
		_, err = f.keeper.Slash(f.ctx, req)
		require.ErrorIs(t, err, types.ErrInvalidSlash)
	}
	req := slashRequest(0, 1, 0, false)
	req.Reason = "mood"
	_, err := f.keeper.Slash(f.ctx, req)
	require.ErrorIs(t, err, types.ErrInvalidSlash)
}

func TestReleaseOfMoreThanIsLockedTouchesNoFreeBond(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(10)))
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.NewInt(50)))
	require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.NewInt(50)))
	require.Equal(t, int64(100), f.state(0).Free().Int64())
	require.Zero(t, f.state(0).UsedSlots)
}

func TestSlashPaysTheCostFirstThenSplitsTheRest(t *testing.T) {
	cases := map[string]struct {
		liability, cost                     int64
		hasHonest                           bool
		paid, honest, burned, communityPool int64
	}{
		"no cost":                     {1000, 0, true, 0, 400, 500, 100},
		"honest at most the reward":   {2000, 100, true, 100, 400, 1310, 190},
		"cost first":                  {1000, 500, true, 500, 200, 250, 50},
		"cost takes all":              {1000, 4000, true, 1000, 0, 0, 0},
		"no honest replicas":          {1000, 0, false, 0, 0, 900, 100},
		"dust is burned":              {999, 0, true, 0, 399, 501, 99},
		"a unit is burned":            {1, 0, true, 0, 0, 1, 0},
		"nothing at stake costs none": {0, 10, true, 0, 0, 0, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register(0, 2000, 8)
			f.roll()
			require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(c.liability)))
			supply := f.bank.GetSupply(f.ctx, denom).Amount.Int64()
			outcome, err := f.keeper.Slash(f.ctx, slashRequest(0, c.liability, c.cost, c.hasHonest))
			require.NoError(t, err)
			require.Equal(t, []int64{c.paid, c.honest, c.burned, c.communityPool}, []int64{
				outcome.Cost.Int64(), outcome.Honest.Int64(), outcome.Burned.Int64(), outcome.Community.Int64(),
			})
			require.Equal(t, c.paid+c.honest, f.moduleBalance(escrow))
			require.Equal(t, c.communityPool, f.moduleBalance(community))
			require.Equal(t, supply-c.burned, f.bank.GetSupply(f.ctx, denom).Amount.Int64())
			state := f.state(0)
			require.Equal(t, 2000-c.liability, state.Bond.Int64())
			require.True(t, state.Locked.IsZero())
			require.Zero(t, state.UsedSlots)
			require.Equal(t, uint64(1), state.Faults.Wrong)
			f.requireEvent(&types.EventSlashed{
				Operator: operator(0).String(), Amount: coin(c.liability), Reason: types.ReasonWrongResult, JobId: "job", Task: 3,
				Cost: coin(c.paid), Honest: coin(c.honest), Burned: coin(c.burned), Community: coin(c.communityPool), Unbonding: coin(0),
			})
			f.requireInvariants()
		})
	}
}

func TestSlashNeverTakesMoreThanIsLocked(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(30)))
	req := slashRequest(0, 80, 0, true)
	req.Reason = types.ReasonNoReveal
	outcome, err := f.keeper.Slash(f.ctx, req)
	require.NoError(t, err)
	require.Equal(t, int64(30), outcome.Total().Int64())
	require.Equal(t, int64(70), f.state(0).Bond.Int64())
	require.Equal(t, uint64(1), f.state(0).Faults.Silent)
	f.requireInvariants()

	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(20)))
	req.Contested = true
	outcome, err = f.keeper.Slash(f.ctx, req)
	require.NoError(t, err)
	require.Equal(t, int64(20), outcome.Total().Int64())
	require.Equal(t, int64(50), f.state(0).Bond.Int64())
	f.requireInvariants()
}

func TestSlashLowersTheWeightOfTheNextEpoch(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 8)
	f.roll()
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(30)))
	_, err := f.keeper.Slash(f.ctx, slashRequest(0, 30, 0, true))
	require.NoError(t, err)
	require.Equal(t, int64(100), f.weight(0, 1))
	f.roll()
	require.Equal(t, int64(70), f.weight(0, 2))
	f.requireInvariants()
}

// missed returns the penalty for a missed deadline of the n-th node.
func missed(n byte, liability, amount int64) types.PenaltyRequest {
	return types.PenaltyRequest{
		Operator: operator(n), Liability: math.NewInt(liability), Amount: math.NewInt(amount),
		Reason: types.ReasonMissedDeadline, JobID: "job", Task: 1,
	}
}

func TestPenaltyBurnsAPartAndReleasesTheRest(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	for _, c := range []struct{ liability, amount, burned int64 }{{40, 5, 5}, {10, 50, 10}, {10, 0, 0}} {
		require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(c.liability)))
		before, supply := f.state(0).Bond.Int64(), f.bank.GetSupply(f.ctx, denom).Amount.Int64()
		burned, err := f.keeper.Penalize(f.ctx, missed(0, c.liability, c.amount))
		require.NoError(t, err)
		require.Equal(t, c.burned, burned.Int64())
		require.Equal(t, before-c.burned, f.state(0).Bond.Int64())
		require.Equal(t, supply-c.burned, f.bank.GetSupply(f.ctx, denom).Amount.Int64())
		require.True(t, f.state(0).Locked.IsZero())
		f.requireInvariants()
	}
	require.Equal(t, uint64(3), f.state(0).Faults.Missed)
	require.Zero(t, f.moduleBalance(escrow), "a missed deadline is never the requester's gain")
}

func TestAMinorityDigestCostsNoBondButCountsAsWrong(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(40)))
	supply := f.bank.GetSupply(f.ctx, denom).Amount
	f.resetEvents()
	req := missed(0, 40, 0)
	req.Reason = types.ReasonWrongResult
	burned, err := f.keeper.Penalize(f.ctx, req)
	require.NoError(t, err)
	require.True(t, burned.IsZero())
	f.requireEvent(&types.EventOutvoted{Operator: operator(0).String(), JobId: "job", Task: 1})

	state := f.state(0)
	require.Equal(t, []int64{100, 0}, []int64{state.Bond.Int64(), state.Locked.Int64()})
	require.Zero(t, state.UsedSlots)
	require.Equal(t, types.FaultCounts{Wrong: 1}, state.Faults)
	require.Equal(t, testParams().Jail.WrongPoints, state.Jail.Points)
	require.Equal(t, supply, f.bank.GetSupply(f.ctx, denom).Amount)
	f.requireInvariants()

	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(40)))
	f.resetEvents()
	_, err = f.keeper.Penalize(f.ctx, req)
	require.NoError(t, err)
	require.Equal(t, types.NODE_STATUS_JAILED, f.state(0).Status, "as many as would jail a liar")
	require.Equal(t, int64(100), f.state(0).Bond.Int64())
	f.requireInvariants()
}

func TestPenaltyRefusesWhatIsASlash(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 2)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(40)))
	before := f.state(0)
	for reason, amount := range map[string]int64{
		types.ReasonWrongResult: 1, types.ReasonNoReveal: 0, "": 0, "mood": 0,
	} {
		req := missed(0, 40, amount)
		req.Reason = reason
		_, err := f.keeper.Penalize(f.ctx, req)
		require.ErrorIs(t, err, types.ErrInvalidSlash, reason)
	}
	require.Equal(t, before, f.state(0))
}

// TestANodeWithOneSlotHasASecondOneForCalls: an auditor or judge of a chunk uses it in addition to its other
// work. A node with several slots has no more than these.
func TestANodeWithOneSlotHasASecondOneForCalls(t *testing.T) {
	for slots, all := range map[uint32]int{1: 2, 2: 2, 3: 3} {
		f := newFixture(t)
		f.register(0, 100, slots)
		for range all {
			require.NoError(t, f.keeper.ReserveCall(f.ctx, operator(0), math.OneInt()))
		}
		require.ErrorIs(t, f.keeper.ReserveCall(f.ctx, operator(0), math.OneInt()), types.ErrNoFreeSlot)
		require.ErrorIs(t, f.keeper.Reserve(f.ctx, operator(0), math.OneInt()), types.ErrNoFreeSlot)
		f.requireInvariants()
		for range all {
			require.NoError(t, f.keeper.Release(f.ctx, operator(0), math.OneInt()))
		}
	}
}
