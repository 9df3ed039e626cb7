package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// nobodyVouches returns a network in which honest machines may get different results.
func nobodyVouches(t tb, nodes int) *fixture {
	t.Helper()
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.DeterministicExecutors = nil })
	f.network(nodes)
	f.exit = 0
	return f
}

func TestAMinorityOverWhatMayDifferKeepsItsBondAndIsCounted(t *testing.T) {
	f := nobodyVouches(t, 3)
	id := f.post(0, spec(coin(1_000), 3))
	require.Equal(t, "100", f.job(id).Liability.String())
	job := f.play(f.players(liar, honest, honest), id, 30)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, "1500", job.Refunded.String(), "a minority earns nothing")
	out := f.outcomes(id)[operator(0).String()]
	require.Equal(t, types.ASSIGNMENT_STATUS_UNPAID, out.Status)
	require.True(t, out.Slashed.IsZero())
	require.Equal(t, "10000", f.bond(0).String())
	node, err := f.nodes.Node(f.ctx, operator(0))
	require.NoError(t, err)
	require.EqualValues(t, 1, node.State.Faults.Wrong, "towards jail")
	require.True(t, node.State.Locked.IsZero())
	for n := 1; n < 3; n++ {
		require.Equal(t, "880atfuel", f.earned(n).String())
	}
}

func TestWithoutTwoThirdsWhatMayDifferFailsAtOnce(t *testing.T) {
	f := nobodyVouches(t, 9)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.everyone(9, liar), id, 30)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	require.Len(t, f.receipt(id).Outcomes, 3, "no further round")
	require.Equal(t, "3200", job.Refunded.String(), "all but three attempt fees")
	for n := range 9 {
		require.Equal(t, "10000", f.bond(n).String())
		node, err := f.nodes.Node(f.ctx, operator(n))
		require.NoError(t, err)
		require.Zero(t, node.State.Faults.Wrong, "nobody has been outvoted")
	}
}

func TestSilenceOverWhatMayDifferStillCostsTheLiability(t *testing.T) {
	f := nobodyVouches(t, 3)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.players(silent, honest, honest), id, 30)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status, "two thirds of three")
	require.Equal(t, "9900", f.bond(0).String())
	for n := 1; n < 3; n++ {
		require.Equal(t, "20", f.outcomes(id)[operator(n).String()].Share.String(), "40% of it, over the two")
	}
}

func TestAProgramThatGovernanceVouchesForIsSlashed(t *testing.T) {
	f := nobodyVouches(t, 7)
	s := spec(coin(1_000), 3)
	f.setParams(func(p *types.Params) { p.DeterministicPrograms = [][]byte{s.Program.Sha256} })
	id := f.post(0, s)
	require.True(t, f.job(id).Slashable)
	require.Equal(t, "3000", f.job(id).Liability.String())
	s.Policy.OwnRisk = true
	f.setParams(func(p *types.Params) { p.DeterministicPrograms = nil })
	require.True(t, f.job(f.post(0, s)).Slashable, "at the nodes' own risk")
	require.True(t, f.job(id).Slashable, "what was posted stays as it was")
}

func TestAFalseExitCodeLosesLikeAFalseResult(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	players := f.everyone(7, honest)
	players[0].does = misreports
	id := seat(f, players, 0)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	require.Equal(t, types.ASSIGNMENT_STATUS_SLASHED, f.outcomes(id)[operator(0).String()].Status)
	require.EqualValues(t, 3, f.receipt(id).ExitCode)
}
