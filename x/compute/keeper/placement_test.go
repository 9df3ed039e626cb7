package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// move declares to the chain that the n-th node is in another region.
func (f *fixture) move(n int, region string) {
	f.t.Helper()
	_, err := edgenodekeeper.NewMsgServer(f.nodes).Update(f.ctx, &edgenodetypes.MsgUpdate{
		Operator: operator(n).String(), Moniker: "node", Region: region, Class: class,
		Hardware:  edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
		Executors: []string{"wasm/1"}, Slots: 4,
	})
	require.NoError(f.t, err)
}

func TestPreferredRegionsComeFirstAndOthersAfterThem(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.move(0, "us-west")
	s := spec(coin(1_000), 3)
	s.Placement.Regions = []string{"us"}
	id := f.drawable(s)
	err := f.unchanged(func() error { return f.claim(1, ref(id, 0)) })
	require.ErrorIs(t, err, types.ErrNotQualified)
	require.ErrorContains(t, err, "in [us] for the first 2 draws: the node is in de")
	require.NoError(t, f.claim(0, ref(id, 0)))
	for f.round(id).Draws < 3 || f.round(id).Draw == nil || f.round(id).Draw.CloseHeight == 0 {
		f.next()
	}
	require.NoError(t, f.claim(1, ref(id, 0)), "region_draws are over")
}

func TestDeniedNodesAndSmallBondsStayOutOfTheFirstRound(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	s := spec(coin(1_000), 3)
	s.Placement.Denied = []string{operator(0).String()}
	id := f.drawable(s)
	err := f.unchanged(func() error { return f.claim(0, ref(id, 0)) })
	require.ErrorIs(t, err, types.ErrNotQualified)
	require.ErrorContains(t, err, "the requester does not deny it")
	require.NoError(t, f.claim(1, ref(id, 0)))

	s = spec(coin(1_000), 3)
	s.Placement.MinBond = "10001"
	f.fund(operator(2), coin(1))
	f.rebond(2, 1)
	id = f.drawable(s)
	err = f.unchanged(func() error { return f.claim(1, ref(id, 0)) })
	require.ErrorIs(t, err, types.ErrNotQualified)
	require.ErrorContains(t, err, "bond of 10001 at least: the node's is 10000")
	require.NoError(t, f.claim(2, ref(id, 0)))
}

// A requester who could choose the judges, and has nodes in the first round, would take an
// honest node's bond.
func TestNoRequesterChoosesTheJudges(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	s := spec(coin(1_000), 3)
	for n := 3; n < 7; n++ {
		s.Placement.Denied = append(s.Placement.Denied, operator(n).String())
	}
	s.Placement.MinBond, s.Placement.Regions = "10000", []string{"de"}
	for n := 3; n < 7; n++ {
		f.move(n, "us")
	}
	id := f.post(0, s)
	players := f.everyone(7, honest)
	players[0].does, players[1].does = colluder, colluder
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 60).Status)
	require.Equal(t, "10000", f.bond(2).String(), "the honest node of the first round")
	for n := range 2 {
		require.Equal(t, types.ASSIGNMENT_STATUS_SLASHED, f.outcomes(id)[operator(n).String()].Status)
	}
}
