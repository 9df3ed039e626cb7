package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// keys returns the trace keys that the chain shows a node, by job.
func (f *fixture) keys(n int) map[string][][]byte {
	held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	shown := map[string][][]byte{}
	for _, item := range held.Items {
		shown[item.Ref.JobId] = item.TraceKeys
	}
	return shown
}

// turn lets all players act in one block.
func (f *fixture) turn(players []player) {
	for _, p := range players {
		p.act()
	}
	f.next()
}

// escalated plays jobs until a node has taken part in a further round. It returns the receipt
// and the keys that the node was shown there.
func escalated(f *fixture, players []player, judge int) (types.Receipt, [][]byte) {
	f.t.Helper()
	for range 30 {
		id := f.post(0, spec(coin(1_000), 3))
		var keys [][]byte
		for range 60 {
			f.turn(players)
			if shown := f.keys(judge)[id]; len(shown) == 2 {
				keys = shown
			}
			if job := f.job(id); job.Ended() {
				break
			}
		}
		for _, o := range f.receipt(id).Outcomes {
			if o.Operator == operator(judge).String() && o.Round == 1 {
				return f.receipt(id), keys
			}
		}
	}
	require.Fail(f.t, "the node never judged")
	return types.Receipt{}, nil
}

func TestKeysOfTracesFollowFromTheSeedOfTheFirstDraw(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	players := f.players(liar, honest, honest, honest, honest, honest, honest)
	receipt, keys := escalated(f, players, 3)
	require.Len(t, keys, 2)
	require.NotEqual(t, keys[0], keys[1])
	require.Equal(t, keys[0], receipt.TraceKey)
	require.Len(t, receipt.TraceKey, types.HashSize)
}

func TestFuelIsPartOfTheVoteAndOnTheReceipt(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	id := seat(f, f.players(overbills, honest, honest, honest, honest, honest, honest), 0)
	require.Equal(t, types.ASSIGNMENT_STATUS_SLASHED, f.outcomes(id)[operator(0).String()].Status)
	receipt := f.receipt(id)
	require.Equal(t, uint64(100), receipt.Fuel)
	require.Equal(t, types.GUARANTEE_EXACT, receipt.Guarantee)
}

func TestFalseFuelIsConvictedLikeAFalseDigest(t *testing.T) {
	f, players := judges(t)
	id, drawn := f.untruth(players, contestable(), overbills)
	bond := f.bond(drawn[0])
	require.Equal(t, uint64(101), f.receipt(id).Fuel)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	require.Equal(t, f.receipt(id).TraceKey, f.job(judging).Challenged.TraceKey)
	f.play(players, judging, 120)
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(drawn[0]).String())
}

// A node that reveals fuel that differs from its own tag counts as silent.
func TestFuelThatTheTagDoesNotHaveIsSilence(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	players := f.players(liar, honest, honest, honest, honest, honest, contradicts)
	receipt, _ := escalated(f, players, 6)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, receipt.Status)
	require.Equal(t, uint64(100), receipt.Fuel)
	for _, o := range receipt.Outcomes {
		if o.Operator == operator(6).String() {
			require.Equal(t, types.ASSIGNMENT_STATUS_NO_REVEAL, o.Status)
		}
	}
}

func TestAJudgeWhoEchoesTheFirstRoundLosesItsLiability(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.Escalation = []uint32{5, 3} })
	f.network(8)
	players := f.players(liar, honest, honest, honest, honest, honest, echoes, honest)
	before := f.bond(6)
	receipt, _ := escalated(f, players, 6)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, receipt.Status)
	require.Equal(t, before.SubRaw(5_000).String(), f.bond(6).String())
	for _, o := range receipt.Outcomes {
		switch o.Operator {
		case operator(0).String(), operator(6).String():
			require.Equal(t, types.ASSIGNMENT_STATUS_SLASHED, o.Status)
		default:
			require.Equal(t, types.ASSIGNMENT_STATUS_PAID, o.Status)
			require.Equal(t, "0", o.Slashed.String(), "no honest node loses bond")
		}
	}
	// The receipt has the tag of the honest nodes in each round.
	require.Equal(t, types.Tag(chainID, receipt.JobId, 0, players[1].shown(ref(receipt.JobId, 0))), receipt.Tags[0])
	require.Equal(t, types.Tag(chainID, receipt.JobId, 0, players[1].shown(ref(receipt.JobId, 1))), receipt.Tags[1])
}

func TestAJudgeOfAChallengeWhoEchoesLosesItsLiability(t *testing.T) {
	f, players := judges(t)
	f.setParams(func(p *types.Params) { p.Escalation = []uint32{5, 3} })
	for range 20 {
		id, drawn := f.untruth(players, contestable(), honest)
		judging, err := f.challenge(1, id, 0)
		require.NoError(t, err)
		echo := (drawn[0] + 1) % len(players)
		swayed := append([]player(nil), players...)
		swayed[echo].does = echoes
		before := f.bond(echo)
		f.play(swayed, judging, 200)
		for _, o := range f.receipt(judging).Outcomes {
			if o.Operator != operator(echo).String() {
				require.Equal(t, "0", o.Slashed.String(), "no honest node loses bond")
				continue
			}
			require.True(t, o.Slashed.IsPositive(), o.Status)
			require.Equal(t, before.Sub(o.Slashed).String(), f.bond(echo).String())
			return
		}
	}
	require.Fail(t, "the node never judged")
}

// Two nodes that collude must not take the bond of a third: the first judges of a challenge
// are parties, like the replicas of a quorum.
func TestTwoOfThreeJudgesTakeNoBondOfTheThird(t *testing.T) {
	f, players := contested(t, honest, honest, honest, honest, honest, honest)
	id, _ := f.untruth(players, contestable(), honest)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	require.Equal(t, uint32(3), f.job(judging).Policy.Replicas)
	swayed := slices.Clone(players)
	for range 30 {
		if seated := f.task(judging).Rounds[0].Replicas; len(seated) == 3 {
			for n := range swayed {
				if at := slices.IndexFunc(seated, func(a types.Assignment) bool { return a.Operator == operator(n).String() }); at >= 0 && at < 2 {
					swayed[n].does = ring
				}
			}
			break
		}
		f.turn(swayed)
	}
	f.play(swayed, judging, 300)
	colluding := 0
	for _, o := range f.receipt(judging).Outcomes {
		for n := range swayed {
			switch {
			case o.Operator != operator(n).String():
			case swayed[n].does == ring:
				colluding++
			default:
				require.Equal(t, "0", o.Slashed.String(), "an honest node of round %d loses bond", o.Round)
			}
		}
	}
	require.Equal(t, 2, colluding)
}

func TestAnOpeningHasToGiveTheTag(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	players := f.players(liar, honest, honest, honest, honest, honest, honest)
	for range 30 {
		id := f.post(0, spec(coin(1_000), 3))
		for range 60 {
			if job := f.job(id); job.Ended() {
				break
			}
			task := f.task(id)
			if n, opens := judgeThatOpens(f, players, task); opens {
				refuses := func(change func(*types.Opening)) {
					shown := players[n].shown(ref(id, 1))
					change(&shown)
					_, err := f.msgs.Open(f.ctx, &types.MsgOpen{
						Worker: worker(n).String(), Items: []types.OpenItem{types.NewOpenItem(ref(id, 1), shown)},
					})
					require.ErrorIs(t, err, types.ErrOpenMismatch)
				}
				refuses(func(o *types.Opening) { o.Fuel++ })
				refuses(func(o *types.Opening) { o.OwnTrace = nil })
				refuses(func(o *types.Opening) { o.OwnTrace = o.Digest })
				refuses(func(o *types.Opening) { o.Trace = o.Digest })
				require.NoError(t, f.open(n, ref(id, 1)))
				return
			}
			f.turn(players)
		}
	}
	require.Fail(t, "nobody had to open")
}

// judgeThatOpens returns an honest node of a further round that has revealed and not opened.
func judgeThatOpens(f *fixture, players []player, task types.Chunk) (int, bool) {
	for _, p := range players[1:] {
		held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(p.n).String()})
		require.NoError(f.t, err)
		for _, item := range held.Items {
			if item.Ref.JobId == task.JobId && item.Ref.Round == 1 && item.MustOpen {
				return p.n, true
			}
		}
	}
	return 0, false
}
