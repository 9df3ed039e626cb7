package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// grantedJobs posts jobs of both kinds, single and as arrays in chunks, against grants, and returns the
// grants and the jobs.
func (f *fixture) grantedJobs(tasks uint64) (grants []uint64, jobs []string) {
	f.t.Helper()
	for _, kind := range []types.PolicyKind{types.POLICY_KIND_QUORUM, types.POLICY_KIND_AUDIT} {
		grant := f.makeGrant(kind, grantDeposit)
		grants = append(grants, grant)
		for _, n := range []uint64{1, tasks} {
			s := granted(grant, kind)
			s.Tasks, s.LifetimeBlocks = n, 1_000
			if kind == types.POLICY_KIND_AUDIT && n > 1 {
				s.ChunkTasks, s.CommitBlocks, s.Policy.AuditBps = 2, 20, 5_000
			}
			id, err := f.postGranted(s)
			require.NoError(f.t, err)
			jobs = append(jobs, id)
		}
	}
	return grants, jobs
}

func (f *fixture) revokeAll(grants []uint64) {
	f.t.Helper()
	for _, grant := range grants {
		f.revoke(grant)
	}
}

// A chain that starts from an export made while the jobs of a revoked grant end, or in the block before,
// continues like the exported chain.
func TestAnExportedRevocationGoesOnAsItWould(t *testing.T) {
	for after := range 8 {
		f := newFixture(t)
		f.publicNetwork(8)
		grants, jobs := f.grantedJobs(12)
		players := f.everyone(8, honest)
		for range 8 + 3*after {
			f.turn(players)
		}
		if after%2 == 1 {
			f.revokeAll(grants)
			f.turn(players)
		}
		g := restored(f)
		others := g.everyone(8, honest)
		if after%2 == 0 {
			f.revokeAll(grants)
			g.revokeAll(grants)
		}
		for block := range 60 {
			f.turn(players)
			g.turn(others)
			require.Equal(t, f.export(), g.export(), "block %d after an export at %d", block, after)
		}
		for _, id := range jobs {
			require.True(t, f.over(id), "%+v", f.job(id))
		}
		for _, grant := range grants {
			require.Equal(t, "0", f.grantOf(grant).Outstanding.String())
		}
	}
}

// However many jobs and tasks a grant has, a block after its revocation takes at most queue_limit steps,
// and jobs of others go on.
func TestARevocationIsSpreadOverBlocks(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(8)
	f.setParams(func(p *types.Params) { p.QueueLimit = 10 })
	grant := f.makeGrant(types.POLICY_KIND_AUDIT, grantDeposit)
	var jobs []string
	for range 12 {
		s := granted(grant, types.POLICY_KIND_AUDIT)
		s.Tasks, s.LifetimeBlocks, s.CommitBlocks = 100, 1_000, 30
		id, err := f.postGranted(s)
		require.NoError(t, err)
		jobs = append(jobs, id)
	}
	players := f.everyone(8, stalls)
	for range 15 {
		f.turn(players)
	}
	other := f.post(1, spec(coin(1_000), 3))
	f.revoke(grant)
	open := 0
	for _, id := range jobs {
		job := f.job(id)
		open += int(job.ChunksOpen)
	}
	require.Greater(t, open, 40)
	players = f.everyone(8, honest)
	for range 100 {
		before := 0
		for _, id := range jobs {
			before += len(f.receipts[id])
		}
		f.turn(players)
		after := 0
		for _, id := range jobs {
			after += len(f.receipts[id])
		}
		require.LessOrEqual(t, after-before, 10)
	}
	for _, id := range jobs {
		require.Equal(t, types.JOB_STATUS_CANCELLED, f.job(id).Status)
	}
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(other).Status)
	require.Equal(t, "0", f.grantOf(grant).Outstanding.String())
}

// Once one task of a job has ended because its grant was revoked, the others do not wait for the
// deadlines of their nodes, and a job of one task is cancelled as well.
func TestTasksOfARevokedGrantDoNotWaitForTheirDeadlines(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(6)
	grant := f.makeGrant(types.POLICY_KIND_AUDIT, grantDeposit)
	s := granted(grant, types.POLICY_KIND_AUDIT)
	s.Tasks, s.LifetimeBlocks, s.CommitBlocks = 2, 1_000, 300
	id, err := f.postGranted(s)
	require.NoError(t, err)
	s.Tasks, s.CommitBlocks = 1, 20
	single, err := f.postGranted(s)
	require.NoError(t, err)
	f.blocks(seedDelay)
	require.NoError(t, f.claim(0, ref(id, 0)))
	require.NoError(t, f.claim(1, ref(single, 0)))
	f.blocks(4)
	require.False(t, f.locked(0).IsZero())
	require.Len(t, f.round(single).Replicas, 1)
	f.revoke(grant)
	f.blocks(150)
	for _, job := range []string{id, single} {
		require.Equal(t, types.JOB_STATUS_CANCELLED, f.job(job).Status)
	}
	require.True(t, f.locked(0).IsZero(), "long before its deadline")
	require.Equal(t, "0", f.grantOf(grant).Outstanding.String())
}

// Judges that are drawn for a further round when the grant is revoked give their verdict: a node that
// lied does not keep its bond.
func TestARevocationDoesNotSaveTheBondOfALiar(t *testing.T) {
	f := newFixture(t)
	f.publicNetwork(9)
	players := f.players(liar, honest, honest, honest, honest, honest, honest, honest, honest)
	grant := f.makeGrant(types.POLICY_KIND_QUORUM, grantBudget)
	for range 30 {
		id, err := f.postGranted(granted(grant, types.POLICY_KIND_QUORUM))
		require.NoError(t, err)
		judged := func() bool {
			if f.over(id) {
				return false
			}
			task := f.task(id)
			return len(task.Rounds) == 2 && task.Rounds[1].Phase == types.ROUND_PHASE_COMMIT
		}
		f.until(players, func() bool { return f.over(id) || judged() })
		if !judged() {
			continue
		}
		f.revoke(grant)
		f.until(players, func() bool { return f.over(id) })
		require.Equal(t, types.CHUNK_STATUS_ACCEPTED, f.receipt(id).Status)
		require.Equal(t, types.ASSIGNMENT_STATUS_SLASHED, f.outcomes(id)[operator(0).String()].Status)
		return
	}
	require.Fail(t, "no node ever judged")
}
