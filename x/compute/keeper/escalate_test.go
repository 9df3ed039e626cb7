package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestJudgesArePaidOnceHoweverManyLied(t *testing.T) {
	f := newFixture(t)
	f.network(6)
	id, drawn := f.assigned(6)
	players := f.players(honest, honest, honest, honest, honest, honest)
	players[drawn[0]].does, players[drawn[1]].does = liar, liar
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 80).Status)
	for op, o := range f.outcomes(id) {
		switch {
		case op == operator(drawn[0]).String() || op == operator(drawn[1]).String():
			require.Equal(t, "3000", o.Slashed.String())
		case o.Round == 0:
			require.Equal(t, "300", o.Share.String(), "40% of the 3,000 that the three judges left, over four")
		default:
			require.Equal(t, "1300", o.Share.String(), "one reward, and the same share")
		}
	}
}

// A further round that found fewer nodes than it asked for has fewer liars to
// pay the next one, which is then made smaller, so that all its judges are paid.
func TestARoundAsksForNoMoreJudgesThanLosersCanPay(t *testing.T) {
	f := newFixture(t)
	p := testParams()
	p.Escalation = []uint32{7, 15}
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: p})
	require.NoError(t, err)
	f.network(4)
	id, drawn := f.assigned(4)
	players := f.players(honest, honest, honest, honest)
	players[drawn[0]].does, players[drawn[1]].does = liar, liar
	act := func() {
		for _, p := range players {
			p.act()
		}
		f.next()
	}
	for len(f.task(id).Rounds) == 1 {
		act()
	}
	require.EqualValues(t, 1, f.round(id).Target, "one node has not taken part")
	for n := 4; n < 30; n++ {
		f.register(n, 10_000, 4)
		players = append(players, player{f: f, n: n})
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	for len(f.task(id).Rounds) == 2 {
		act()
	}
	// Two of four votes agree. Two liars at least pay 14 rewards, one of them to
	// the judge that has spoken.
	require.EqualValues(t, 13, f.round(id).Target, "of 15 wanted and 26 to be had")
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 200).Status)
	judges := 0
	for _, o := range f.receipt(id).Outcomes {
		if o.Round > 0 {
			judges++
			require.Equal(t, "1000", o.Share.String())
		}
	}
	require.Equal(t, 14, judges)
}
