package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

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
			require.Equal(t, "250", o.Share.String(), "a reward of the 3,000 that the three judges left, over four")
		default:
			require.Equal(t, "1250", o.Share.String(), "one reward, and the same share")
		}
	}
}

// A further round that found fewer nodes than it asked for has fewer liars to pay the next
// round. The next round is then made smaller, so that all its judges are paid.
func TestARoundAsksForNoMoreJudgesThanLosersCanPay(t *testing.T) {
	f := newFixture(t)
	p := testParams()
	p.Escalation = []uint32{8, 25}
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: p})
	require.NoError(t, err)
	f.network(7)
	id, drawn := f.assigned(7)
	players := f.players(slices.Repeat([]behaviour{honest}, 7)...)
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
	require.EqualValues(t, 4, f.round(id).Target, "four nodes have not taken part, half of the judges that are asked for")
	liars := 0
	for n := range players {
		if liars < 2 && !slices.Contains(drawn, n) {
			players[n].does = liar
			liars++
		}
	}
	for n := 7; n < 40; n++ {
		f.register(n, 10_000, 4)
		players = append(players, player{f: f, n: n})
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	for len(f.task(id).Rounds) == 2 {
		act()
	}
	// Three of seven votes agree. At least three liars pay 24 rewards, four of which go to
	// the judges that have revealed.
	require.EqualValues(t, 20, f.round(id).Target, "of 25 wanted and 33 to be had")
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 200).Status)
	judges := 0
	for _, o := range f.receipt(id).Outcomes {
		if o.Round > 0 && o.Status == types.ASSIGNMENT_STATUS_PAID {
			judges++
			require.True(t, o.Share.GTE(math.NewInt(1_000)), "judge %s is paid in full, found %s", o.Operator, o.Share)
		}
	}
	require.Equal(t, 22, judges)
}
