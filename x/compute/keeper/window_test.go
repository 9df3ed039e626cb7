package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// retire closes the n-th node.
func (f *fixture) retire(n int) *edgenodetypes.MsgRetireResponse {
	f.t.Helper()
	resp, err := edgenodekeeper.NewMsgServer(f.nodes).Retire(f.ctx, &edgenodetypes.MsgRetire{Operator: operator(n).String()})
	require.NoError(f.t, err)
	return resp
}

func (f *fixture) paidBack(n int) string {
	f.t.Helper()
	return f.bank.GetBalance(f.ctx, operator(n), denom).Amount.String()
}

// Unbonding takes five blocks here, which is much shorter than the window.
func TestLiarWhoRetiresIsWithinReachForTheWholeWindowAndUntilTheVerdict(t *testing.T) {
	f, players := judges(t)
	id, drawn := f.untruth(players, contestable(), colluder)
	until := f.receipt(id).ChallengeUntil
	require.Equal(t, until+1, f.retire(drawn[0]).CompletionHeight)
	players[drawn[0]].does = stalls

	for f.ctx.BlockHeight() < until {
		f.next()
	}
	require.Equal(t, "0", f.paidBack(drawn[0]))
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.blocks(8) // no judge acts yet
	require.Equal(t, "0", f.paidBack(drawn[0]), "judges are at work")
	f.play(players, judging, 120)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, f.receipt(judging).Status)
	f.blocks(1_010)
	require.Equal(t, "1000", f.paidBack(drawn[0]), "of 10,000")
}

func TestBondThatWaitedForAVerdictReturnsWhenItFindsNoFault(t *testing.T) {
	f, players := judges(t)
	id, drawn := f.untruth(players, contestable(), honest)
	f.retire(drawn[0])
	players[drawn[0]].does = stalls
	_, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	second, err := f.challenge(2, id, 0)
	require.NoError(t, err)
	f.blocks(window + 20) // the first one ends without judges
	f.play(players, second, 120)
	require.Zero(t, f.state(drawn[0]).Contests)
	f.blocks(1_010)
	require.Equal(t, "10000", f.paidBack(drawn[0]))
}

func TestParametersThatChangeTakeNoResultItsJudges(t *testing.T) {
	f, players := contested(t, slices.Repeat([]behaviour{honest}, 10)...)
	s := spec(coin(1_000), 3)
	s.Policy.ChallengeBlocks = window
	id, drawn := f.untruth(players, s, colluder)
	f.setParams(func(p *types.Params) {
		p.MaxReplicas, p.MaxChallengeBlocks, p.RetentionBlocks = 3, 0, 1
		p.MaxLifetimeBlocks, p.MinPrepareBlocks, p.MinCommitBlocks, p.MaxCommitBlocks = 1, 9, 9, 9
		p.Denoms = p.Denoms[1:]
		p.Executors, p.DeterministicExecutors = []string{"next/1"}, []string{"next/1"}
		p.DeterministicPrograms = [][]byte{s.Program.Sha256}
	})
	for f.ctx.BlockHeight() < f.receipt(id).ChallengeUntil {
		f.next()
	}
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	require.EqualValues(t, 5, f.job(judging).Policy.Replicas, "three have agreed")
	bond := f.bond(drawn[0])
	f.play(players, judging, 200)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, f.receipt(judging).Status)
	require.Equal(t, bond.Sub(f.job(id).Liability).String(), f.bond(drawn[0]).String())
}
