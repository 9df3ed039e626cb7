package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// grantAttempt is the attempt fee of a task of granted.
const grantAttempt = grantReward / 10

func (f *fixture) revoke(grant uint64) {
	f.t.Helper()
	_, err := rewardskeeper.NewMsgServer(f.rewards).RevokeGrant(f.ctx, &rewardstypes.MsgRevokeGrant{Authority: authority(), Id: grant})
	require.NoError(f.t, err)
}

// requireStated checks that the receipts of a granted job that has ended state as pay what the grant
// has minted, and what the job has taken from the deposit and neither burned nor refunded. It returns
// what was minted.
func (f *fixture) requireStated(id string, reserved math.Int) math.Int {
	f.t.Helper()
	job := f.job(id)
	require.True(f.t, job.Ended(), "%+v", job)
	paid, burned := math.ZeroInt(), math.ZeroInt()
	for _, r := range f.receipts[id] {
		burned = burned.Add(r.Burned)
		for _, o := range r.Outcomes {
			paid = paid.Add(o.Paid)
		}
	}
	grant := f.grantOf(job.Grant.Id)
	minted := grant.Classes[0].Minted
	require.Equal(f.t, minted.Add(reserved).Sub(burned).Sub(job.Refunded).String(), paid.String(), "stated as paid")
	require.Equal(f.t, "0", grant.Outstanding.String())
	require.Equal(f.t, "0", grant.Deposit.String())
	return minted
}

// revokedAt posts an array of a grant, lets players act until a moment, revokes the grant, and lets
// other players go on until the job has ended. It returns the job.
func (f *fixture) revokedAt(kind types.PolicyKind, tasks uint64, does, then behaviour, moment func(id string) bool) (string, math.Int) {
	f.t.Helper()
	grant := f.makeGrant(kind, grantBudget)
	s := granted(grant, kind)
	s.Policy.AuditBps, s.Tasks, s.LifetimeBlocks = 1, tasks, 1_000
	if kind == types.POLICY_KIND_AUDIT {
		s.Policy.AuditBps = types.BasisPoints
	}
	id, err := f.postGranted(s)
	require.NoError(f.t, err)
	reserved := f.job(id).Reserved
	f.until(f.everyone(6, does), func() bool { return moment(id) })
	f.revoke(grant)
	_, err = f.msgs.TopUpJob(f.ctx, &types.MsgTopUpJob{Requester: requester(0).String(), JobId: id, LifetimeBlocks: 500})
	require.ErrorIs(f.t, err, types.ErrJobEnded)
	f.until(f.everyone(6, then), func() bool { return f.over(id) })
	f.blocks(2)
	return id, reserved
}

// Work of a job whose grant is revoked ends: no node is drawn for it any more, the nodes that hold it
// earn the attempt fee from the deposit, tasks that were never opened are dropped, and receipts state
// what was paid.
func TestRevocationEndsTheJobsOfAGrant(t *testing.T) {
	for name, c := range map[string]struct {
		kind   types.PolicyKind
		does   behaviour
		moment func(*fixture) func(string) bool
		// held is how many nodes hold the first task.
		held int
	}{
		"before the draw": {types.POLICY_KIND_QUORUM, stalls, func(*fixture) func(string) bool { return func(string) bool { return true } }, 0},
		"candidates": {types.POLICY_KIND_QUORUM, stalls, func(f *fixture) func(string) bool {
			return func(id string) bool { d := f.round(id).Draw; return d != nil && len(d.Candidates) > 0 }
		}, 0},
		"assigned": {types.POLICY_KIND_QUORUM, stalls, func(f *fixture) func(string) bool {
			return func(id string) bool {
				held := f.round(id).Replicas // as the block that has just begun sees them
				return len(held) == 3 && held[0].AssignedHeight < f.ctx.BlockHeight()
			}
		}, 3},
		"committed, and drawn for audit": {types.POLICY_KIND_AUDIT, honest, func(f *fixture) func(string) bool {
			return func(id string) bool { r := f.round(id); return r.Auditors > 0 && r.Draw != nil }
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.publicNetwork(6)
			id, reserved := f.revokedAt(c.kind, 300, c.does, honest, c.moment(f))
			require.Empty(t, f.draws(class))
			require.Equal(t, types.JOB_STATUS_CANCELLED, f.job(id).Status)
			require.Equal(t, "0", f.requireStated(id, reserved).String(), "nothing is minted")
			require.NotZero(t, f.job(id).TasksDropped)
			first := f.receipts[id][0]
			for _, r := range f.receipts[id] {
				if r.Task == 0 {
					first = r
				}
			}
			require.Equal(t, types.CHUNK_STATUS_CANCELLED, first.Status)
			require.Len(t, first.Outcomes, c.held)
			for _, o := range first.Outcomes {
				require.EqualValues(t, grantAttempt, o.Paid.Int64())
				require.Equal(t, types.ASSIGNMENT_STATUS_PAID, o.Status)
			}
			for n := range 6 {
				require.True(t, f.locked(n).IsZero(), "locks return")
				require.True(t, f.heldPay(n).IsZero())
			}
		})
	}
}

// A node that is drawn learns at once that a job of a revoked grant is over: queries show it, and
// claims and commitments are refused.
func TestNodesDoNotWorkForARevokedGrant(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	held, err := f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
	require.NoError(t, err)
	f.until(f.everyone(6, stalls), func() bool { return len(f.round(held).Replicas) == 3 })
	drawn := f.drawn(held)
	open, err := f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
	require.NoError(t, err)
	f.blocks(seedDelay)
	require.NotEmpty(t, f.draws(class))
	f.revoke(grant)
	require.Empty(t, f.draws(class))
	for n := range 6 {
		require.Empty(t, f.claimable(n))
		items, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(n).String()})
		require.NoError(t, err)
		require.Empty(t, items.Items)
	}
	require.ErrorIs(t, f.claim(0, ref(open, 0)), types.ErrTaskEnded)
	require.ErrorIs(t, f.commit(drawn[0], ref(held, 0)), types.ErrTaskEnded)
	_, err = f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
	require.ErrorIs(t, err, rewardstypes.ErrGrantNotActive)
}

// A round in which all nodes have committed runs to its verdict. Its nodes earn the attempt fee,
// because nothing is minted for them.
func TestCommittedWorkOfARevokedGrantEarnsTheAttemptFee(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	id, reserved := f.revokedAt(types.POLICY_KIND_QUORUM, 1, honest, honest, func(id string) bool {
		return f.round(id).Phase == types.ROUND_PHASE_REVEAL
	})
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	require.Equal(t, "0", f.requireStated(id, reserved).String())
	outcomes := f.receipt(id).Outcomes
	require.Len(t, outcomes, 3)
	earned := math.ZeroInt()
	for n := range 6 {
		earned = earned.Add(f.earned(n).AmountOf(denom))
		require.True(t, f.heldPay(n).IsZero())
	}
	for _, o := range outcomes {
		require.EqualValues(t, grantAttempt, o.Paid.Int64())
	}
	require.EqualValues(t, 3*grantAttempt*88/100, earned.Int64())
}

// Pay of the block in which the grant is revoked is minted as its receipts say, and void like all pay
// that has not matured.
func TestPayOfTheBlockOfARevocationIsMintedAndVoid(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	id, err := f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
	require.NoError(t, err)
	reserved := f.job(id).Reserved
	players := f.everyone(6, honest)
	f.until(players, func() bool { return f.round(id).Phase == types.ROUND_PHASE_REVEAL })
	for _, p := range players {
		p.act()
	}
	supply := f.bank.GetSupply(f.ctx, denom).Amount
	f.revoke(grant)
	f.next()
	f.blocks(4) // shares are moved
	require.Equal(t, "3000", f.requireStated(id, reserved).String())
	require.Equal(t, "2640", f.heldPay(0).Add(f.heldPay(1)).Add(f.heldPay(2)).Add(f.heldPay(3)).Add(f.heldPay(4)).Add(f.heldPay(5)).String())
	held := 0
	for n := range 6 {
		pay, err := f.rewards.HeldPay(f.ctx, operator(n), 10)
		require.NoError(t, err)
		for _, p := range pay {
			require.True(t, p.Void)
			held++
		}
	}
	require.Equal(t, 3, held)
	burned := supply.AddRaw(3_000).Sub(f.bank.GetSupply(f.ctx, denom).Amount)
	require.Equal(t, grantDeposit+2_640+150-int64(f.specSize(id)), burned.Int64(), "the deposit with all that was reserved, the pay, and the burned share")
}

// A job that was posted while its grant was active is paid after the grant's last epoch as before.
func TestJobsUnderWayArePaidAfterTheLastEpochOfTheirGrant(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	id, err := f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
	require.NoError(t, err)
	f.until(f.everyone(6, stalls), func() bool { return len(f.round(id).Replicas) == 3 })
	for range 101 {
		require.NoError(t, f.nodes.RollEpoch(f.ctx))
	}
	_, err = f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
	require.ErrorIs(t, err, rewardstypes.ErrGrantNotActive)
	job := f.play(f.everyone(6, honest), id, 40)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	for _, o := range f.receipt(id).Outcomes {
		require.EqualValues(t, grantPay, o.Paid.Int64())
	}
	require.Equal(t, "3000", f.grantOf(grant).Classes[0].Minted.String())
}
