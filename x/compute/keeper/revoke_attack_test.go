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
