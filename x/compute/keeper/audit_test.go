package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// audited returns a job of one replica that is audited by this many auditors with a
// probability.
func audited(bps, auditors uint32) types.JobSpec {
	s := spec(coin(1_000), 1)
	s.Policy = types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: bps, Auditors: auditors}
	return s
}

// everyone returns n players with the same behaviour.
func (f *fixture) everyone(n int, does behaviour) []player {
	out := make([]player, n)
	for i := range out {
		out[i] = player{f: f, n: i, does: does}
	}
	return out
}

// executor waits until the first draw of a job is closed, and returns the drawn node.
func (f *fixture) executor(job string, nodes int) int {
	f.t.Helper()
	drawn := f.assign(job, nodes)
	require.Len(f.t, drawn, 1)
	return drawn[0]
}

// drawAudit lets a job's executor commit, and waits for the seed that decides on the audit.
func (f *fixture) drawAudit(job string, executor int) {
	f.t.Helper()
	require.NoError(f.t, f.commit(executor, ref(job, 0)))
	require.Equal(f.t, types.ROUND_PHASE_AUDIT, f.round(job).Phase)
	f.blocks(seedDelay)
	require.NoError(f.t, f.keeper.EndBlock(f.ctx))
}

func TestWhoIsNotAuditedIsPaidAndTheAuditorsPayReturns(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.HonestBps = 10_000 })
	f.network(5)
	seen := map[bool]int{}
	for range 40 {
		id := f.post(0, audited(2_500, 2))
		job := f.play(f.everyone(5, honest), id, 60)
		require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
		receipt := f.receipt(id)
		seen[receipt.Audited]++
		if receipt.Audited {
			require.Len(t, receipt.Outcomes, 3)
			require.Equal(t, "300", job.Refunded.String(), "no seat was drawn in vain")
			continue
		}
		require.Len(t, receipt.Outcomes, 1)
		require.Equal(t, "1000", receipt.Outcomes[0].Paid.String())
		require.Equal(t, "2300", job.Refunded.String(), "nothing is kept for auditors that did not come")
	}
	require.Greater(t, seen[false], seen[true], "a quarter is audited")
	require.Positive(t, seen[true])
}

func TestAuditorsJoinTheSameRoundAndAreAllPaid(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id := f.drawable(audited(10_000, 2))
	executor := f.executor(id, 5)
	require.NoError(t, f.commit(executor, ref(id, 0)))
	require.ErrorIs(t, f.unchanged(func() error { return f.reveal(executor, ref(id, 0)) }), types.ErrNotRevealing, "not before the draw")
	for f.round(id).Auditors == 0 {
		f.next()
	}
	round := f.round(id)
	require.EqualValues(t, 3, round.Target)
	require.EqualValues(t, 2, round.Draw.Slots)
	require.EqualValues(t, 1, round.Draws, "counted anew")
	f.blocks(seedDelay)
	require.ErrorIs(t, f.claim(executor, ref(id, 0)), types.ErrAlreadyTookPart, "nobody audits himself")
	drawn := f.assign(id, 5)
	require.Len(t, drawn, 3)
	require.Equal(t, executor, drawn[0])
	require.NoError(t, f.commit(drawn[1], ref(id, 0)))
	require.ErrorIs(t, f.reveal(executor, ref(id, 0)), types.ErrNotRevealing, "an auditor could copy")
	require.NoError(t, f.commit(drawn[2], ref(id, 0)))
	for _, n := range drawn {
		require.NoError(t, f.reveal(n, ref(id, 0)))
	}
	f.next()
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	receipt := f.receipt(id)
	require.True(t, receipt.Audited)
	require.EqualValues(t, 3, receipt.ExitCode)
	for _, n := range drawn {
		require.Equal(t, "880atfuel", f.earned(n).String())
	}
}

// auditedBy posts jobs that are always audited until the wanted node executes one. The node
// is honest in the others, because as a lying auditor it would soon have nothing left to
// lose.
func auditedBy(f *fixture, players []player, want int, auditors uint32) string {
	f.t.Helper()
	does := players[want].does
	for range 40 {
		id := f.post(0, audited(10_000, auditors))
		players[want].does = honest
		for len(f.task(id).Rounds[0].Replicas) == 0 {
			f.turn(players)
		}
		if f.task(id).Rounds[0].Replicas[0].Operator == operator(want).String() {
			players[want].does = does
		}
		f.play(players, id, 120)
		if f.receipt(id).Outcomes[0].Operator == operator(want).String() {
			return id
		}
	}
	require.Fail(f.t, "node was never drawn")
	return ""
}

func TestAnExecutorThatLiesUnderAuditPaysForTheRoundItCauses(t *testing.T) {
	for name, does := range map[string]behaviour{
		"lies": liar, "is silent once it is audited": silent, "reports another exit code": misreports,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.network(7)
			players := f.everyone(7, honest)
			players[0].does = does
			id := auditedBy(f, players, 0, 2)
			job := f.job(id)
			require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status, "the requester has its result all the same")
			require.Equal(t, "1300", job.Refunded.String(), "the executor's pay")
			lost := f.outcomes(id)[operator(0).String()]
			require.True(t, lost.Paid.IsZero())
			require.Equal(t, "3000", lost.Slashed.String())
			require.EqualValues(t, 3, f.receipt(id).ExitCode, "what the honest report")
			for op, o := range f.outcomes(id) {
				switch {
				case op == operator(0).String():
				case o.Round == 0:
					require.Equal(t, "1000", o.Paid.String(), "auditors are paid by the requester")
				default:
					require.Equal(t, "1000", o.Share.String(), "judges by the liar")
				}
			}
		})
	}
}

func TestAnAuditorThatLiesLosesItsBondAndTheExecutorNothing(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	players := f.everyone(7, honest)
	players[1].does = liar
	for range 40 {
		id := f.post(0, audited(10_000, 1))
		f.play(players, id, 120)
		executed := f.receipt(id).Outcomes[0].Operator == operator(1).String()
		if o := f.outcomes(id)[operator(1).String()]; o.Status == types.ASSIGNMENT_STATUS_SLASHED && !executed {
			require.Equal(t, "3000", o.Slashed.String())
			require.Equal(t, "1000", f.receipt(id).Outcomes[0].Paid.String())
			return
		}
		f.fund(operator(1), coin(3_000))
		f.rebond(1, 3_000)
	}
	require.Fail(t, "the liar never audited")
}

// If an audit was drawn and no auditor came, the result is not accepted: an executor that can
// keep auditors away gains at most an attempt fee.
func TestWhatWasDrawnForAuditAndNotAuditedIsNotAccepted(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, audited(10_000, 2))
	job := f.play(f.players(liar), id, 200)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	require.Equal(t, types.CHUNK_STATUS_FAILED, f.receipt(id).Status)
	require.Equal(t, "3000", job.Refunded.String(), "all but the attempt fee and the fees of two seats")
	require.Equal(t, "10000", f.bond(0).String())
}

func TestHalfOfTheAuditorsHoldAnAudit(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.post(0, audited(10_000, 2))
	job := f.play(f.players(honest, honest), id, 200)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, "1300", job.Refunded.String(), "the auditor that never came")
	require.Len(t, f.receipt(id).Outcomes, 2)

	id = f.post(0, audited(10_000, 3))
	job = f.play(f.players(honest, honest), id, 200)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status, "one of three is fewer than half")
	require.Equal(t, "3900", job.Refunded.String(), "all but two attempt fees and the fees of two seats")
}

func TestTheHalfIsOfThoseThePolicyAsksFor(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.MaxDraws = 3 })
	f.network(8)
	// Three of five auditors come and stall. In the end no auditor is left, however much the
	// target has shrunk in the meantime.
	players := f.players(honest, stalls, stalls, stalls)
	for range 20 {
		id := f.post(0, audited(10_000, 5))
		job := f.play(players, id, 300)
		if f.receipt(id).Audited {
			require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
			return
		}
	}
	require.Fail(t, "the honest node never executed")
}

func TestAuditorsThatStallAreReplacedAndTheExecutorIsPaid(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.MaxDraws = 20 })
	f.network(6)
	players := f.everyone(6, honest)
	players[5].does = stalls
	missed := false
	for range 40 {
		id := f.post(0, audited(10_000, 2))
		require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 200).Status)
		o, took := f.outcomes(id)[operator(5).String()]
		if took && f.receipt(id).Outcomes[0].Operator == operator(5).String() {
			require.Equal(t, "100", o.Slashed.String(), "a tenth of the reward")
			missed = true
			break
		}
	}
	require.True(t, missed)
}

func TestAuditorsCannotEndATaskByReportingInputs(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id := f.drawable(audited(10_000, 3))
	executor := f.executor(id, 6)
	f.drawAudit(id, executor)
	f.next()
	f.blocks(seedDelay)
	for _, n := range f.assign(id, 6)[1:] {
		require.NoError(t, f.release(n, types.ReleaseItem{Ref: ref(id, 0), InputUnavailable: true, Input: 1}))
	}
	require.Equal(t, types.CHUNK_STATUS_RUNNING, f.task(id).Status, "the executor has shown that they are there")
}

func TestAnAuditWhoseSeedNeverComesEndsTheTaskWithTheAttemptFee(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id := f.drawable(audited(10_000, 1))
	executor := f.executor(id, 5)
	f.beacon.withheld = true
	require.NoError(t, f.commit(executor, ref(id, 0)))
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	f.blocks(20)
	require.Equal(t, types.ROUND_PHASE_AUDIT, f.round(id).Phase, "who has committed is not sent away")
	f.blocks(10)
	require.True(t, f.over(id))
	require.Equal(t, types.CHUNK_STATUS_EXPIRED, f.receipt(id).Status)
	require.Equal(t, "88atfuel", f.earned(executor).String())
	require.Equal(t, "2200", f.job(id).Refunded.String())
}

func TestAQuorumIsAuditedAtTheFloor(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.AuditFloorBps = 10_000 })
	f.network(6)
	id := f.post(0, spec(coin(1_000), 3))
	require.Equal(t, "4500", f.job(id).Reserved.String(), "an auditor is paid too")
	job := f.play(f.everyone(6, colluder), id, 60)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.Len(t, f.receipt(id).Outcomes, 4)

	// Three nodes that collude are convicted because of the one that audits them.
	players := f.everyone(6, honest)
	for n := range 3 {
		players[n].does = colluder
	}
	for range 60 {
		id = f.post(0, spec(coin(100), 3))
		f.play(players, id, 120)
		receipt, all := f.receipt(id), true
		for _, o := range receipt.Outcomes[:3] {
			all = all && o.Operator <= operator(2).String()
		}
		require.True(t, receipt.Audited)
		if all {
			require.Equal(t, types.JOB_STATUS_FAILED, f.job(id).Status, "three liars against three honest nodes are a tie")
			return
		}
		for n := range 3 {
			f.fund(operator(n), coin(20_000))
			f.rebond(n, 20_000)
		}
	}
}
