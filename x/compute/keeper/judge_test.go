package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// untruth plays a job whose drawn replicas all behave as told and which is not audited. It
// returns the job and the drawn nodes.
func (f *fixture) untruth(players []player, s types.JobSpec, does behaviour) (string, []int) {
	f.t.Helper()
	for range 10 {
		id := f.post(0, s)
		for range 20 {
			if len(f.task(id).Rounds[0].Replicas) == int(s.Policy.Replicas) {
				break
			}
			for _, p := range players {
				p.act()
			}
			f.next()
		}
		var drawn []int
		swayed := append([]player(nil), players...)
		for n := range swayed {
			for _, r := range f.task(id).Rounds[0].Replicas {
				if r.Operator == operator(n).String() {
					swayed[n].does = does
					drawn = append(drawn, n)
				}
			}
		}
		f.play(swayed, id, 120)
		if r := f.receipt(id); r.Status == types.CHUNK_STATUS_ACCEPTED && !r.Audited {
			return id, drawn
		}
	}
	require.Fail(f.t, "every job was audited")
	return "", nil
}

// judges returns a network of eight honest nodes.
func judges(t *testing.T) (*fixture, []player) {
	t.Helper()
	return contested(t, honest, honest, honest, honest, honest, honest, honest, honest)
}

func TestNobodyJudgesHisOwnResult(t *testing.T) {
	f, players := judges(t)
	id, drawn := f.untruth(players, contestable(), colluder)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.blocks(seedDelay + 1)
	require.ErrorIs(t, f.claim(drawn[0], types.ChunkRef{JobId: judging}), types.ErrAlreadyTookPart)
}

func TestFalseExitCodeIsConvictedLikeAFalseDigest(t *testing.T) {
	f, players := judges(t)
	id, drawn := f.untruth(players, contestable(), misreports)
	bond := f.bond(drawn[0])
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.play(players, judging, 120)
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(drawn[0]).String())
}

// If two accounts challenge a result shortly after each other, the second pays as many judges
// as the first, and gets this money back from what the losers have left.
func TestResultIsConvictedOnceAndEveryChallengersJudgesArePaid(t *testing.T) {
	f, players := judges(t)
	id, drawn := f.untruth(players, contestable(), colluder)
	bond, payer := f.bond(drawn[0]), f.net(requester(0))
	var judging []string
	for n := 1; n < 4; n++ {
		job, err := f.challenge(n, id, 0)
		require.NoError(t, err)
		judging = append(judging, job)
	}
	gave := map[int]math.Int{}
	for n := 1; n < 4; n++ {
		gave[n] = f.net(requester(n)).Add(f.job(judging[n-1]).Reserved).AddRaw(int64(f.specSize(judging[n-1])))
	}
	for _, job := range judging {
		f.play(players, job, 120)
	}
	_, err := f.challenge(4, id, 0)
	require.ErrorIs(t, err, types.ErrNotChallengeable)
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(drawn[0]).String())
	require.Equal(t, payer.AddRaw(1_000).String(), f.net(requester(0)).String())
	// 9,000 are lost: three rewards go to the first challenger's judges, and one is the
	// reward. Five are left for the six judges of the other challengers.
	lost := math.ZeroInt()
	for n := 1; n < 4; n++ {
		fee := int64(f.specSize(judging[n-1]))
		lost = lost.Add(gave[n].Sub(f.net(requester(n))).SubRaw(fee))
		require.True(t, gave[n].Sub(f.net(requester(n))).SubRaw(fee).LTE(math.NewInt(2_000)), "challenger %d", n)
	}
	judges := int64(0)
	for _, job := range judging {
		judges += int64(len(f.receipt(job).Agreed())) * 1_000
	}
	require.GreaterOrEqual(t, lost.Int64(), judges-8_000, "no more is paid than was lost")
	c, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id})
	require.NoError(t, err)
	require.True(t, c.Challenge.Pledged.IsZero(), "what nobody came for is burned")
}

func TestJudgeThatStaysAwayDoesNotKeepAResultFromBeingJudged(t *testing.T) {
	f, players := contested(t, honest, honest, honest, honest, honest, honest, honest)
	f.setParams(func(p *types.Params) { p.MaxWaitBlocks, p.Escalation = 5, []uint32{5, 3} })
	s := contestable()
	s.CommitBlocks = 20
	id, drawn := f.untruth(players, s, colluder)
	bond := f.bond(drawn[0])
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	require.EqualValues(t, 5, f.job(judging).Policy.Replicas)
	friend := (drawn[0] + 1) % len(players) // five of the six others are drawn
	players[friend].does = stalls
	f.play(players, judging, 200)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, f.receipt(judging).Status)
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(drawn[0]).String())
}

func TestFurtherJudgesAreSoughtAmongThoseWhoMayJudge(t *testing.T) {
	f, players := contested(t, slices.Repeat([]behaviour{honest}, 12)...)
	f.setParams(func(p *types.Params) { p.AuditFloorBps, p.SpareNodes, p.Escalation = 0, 1, []uint32{5} })
	s := spec(coin(1_000), 3)
	s.Policy.ChallengeBlocks = window
	id, drawn := f.untruth(players, s, colluder)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	liarAt := -1
	for f.round(judging).Committed == 0 { // five of the nine others judge
		if judges := f.drawn(judging); liarAt < 0 && len(judges) > 0 {
			require.NotContains(t, drawn, judges[0])
			liarAt = judges[0]
			players[liarAt].does = liar
		}
		for _, p := range players {
			p.act()
		}
		f.next()
	}
	f.play(players, judging, 200)
	r := f.receipt(judging)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, r.Status)
	last := r.Outcomes[len(r.Outcomes)-1]
	require.EqualValues(t, 1, last.Round)
	require.Len(t, r.Outcomes, 9, "the four nodes that are left, and no defendant")
	c, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id})
	require.NoError(t, err)
	require.True(t, c.Challenge.Convicted)
}

func TestAnotherChainTakesOverNoChallengesAndNoWorkUnderWay(t *testing.T) {
	f, players := contested(t, honest, honest, honest, honest, honest, honest)
	id := f.accepted(players, 0)
	s := contestable()
	s.Tasks = 2
	array := f.post(0, s)
	f.play(players, array, 200)
	g, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Equal(t, chainID, g.ChainId)
	renamed := *g
	require.NoError(t, renamed.Rename("next-1"))
	for _, r := range renamed.Receipts {
		require.Zero(t, r.ChallengeUntil)
	}
	for _, j := range renamed.Jobs {
		require.Empty(t, j.Frontier)
	}
	_, err = f.challenge(1, id, 0)
	require.NoError(t, err)
	g, err = f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.ErrorIs(t, g.Rename("next-1"), types.ErrInvalidGenesis)
}

func TestChallengersJudgesArePaidBeforeWhoWasLiedTo(t *testing.T) {
	f, players := judges(t)
	s := contestable()
	s.Policy.AuditBps = 3_300 // three rewards are at stake, and three judges take them
	id, _ := f.untruth(players, s, colluder)
	require.Equal(t, "3000", f.job(id).Liability.String())
	payer, challenger := f.net(requester(0)), f.net(requester(1))
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.play(players, judging, 120)
	spent := int64(len(f.receipt(judging).Agreed())) * 1_000
	require.GreaterOrEqual(t, spent, int64(3_000))
	require.Equal(t, payer.String(), f.net(requester(0)).String(), "nothing was left")
	gain := f.net(requester(1)).Sub(challenger).SubRaw(100_000) // the funds that the test has provided
	require.Equal(t, 3_000-spent-int64(f.specSize(judging)), gain.Int64())
}

func TestSeveralLiarsPayBackTheirRewardsOnce(t *testing.T) {
	f, players := contested(t, honest, honest, honest, honest, honest, honest, honest, honest, honest, honest)
	s := spec(coin(1_000), 3)
	s.Policy.ChallengeBlocks = window
	id, _ := f.untruth(players, s, colluder)
	require.Equal(t, "3000", f.job(id).Liability.String(), "three times that is more than is owed")
	payer := f.net(requester(0))
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.play(players, judging, 120)
	require.Equal(t, payer.AddRaw(3_000).String(), f.net(requester(0)).String(), "a reward of each")
}

func TestLiarWhoRetiresBeforeTheChallengeLosesWhatUnbonds(t *testing.T) {
	f, players := judges(t)
	nodes := edgenodekeeper.NewMsgServer(f.nodes)
	params, err := f.nodes.Params(f.ctx)
	require.NoError(t, err)
	params.UnbondingBlocks = window
	_, err = nodes.UpdateParams(f.ctx, &edgenodetypes.MsgUpdateParams{Authority: authority(), Params: params})
	require.NoError(t, err)
	id, drawn := f.untruth(players, contestable(), colluder)
	_, err = nodes.Retire(f.ctx, &edgenodetypes.MsgRetire{Operator: operator(drawn[0]).String()})
	require.NoError(t, err)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	players[drawn[0]].does = stalls
	f.play(players, judging, 120)
	f.blocks(window + 1)
	require.Equal(t, "1000", f.bank.GetBalance(f.ctx, operator(drawn[0]), denom).Amount.String(), "of 10,000")
}

func TestReceiptOfALaterHeightIsNotOfThisChain(t *testing.T) {
	f, players := judges(t)
	id, _ := f.untruth(players, contestable(), colluder)
	ended := f.receipt(id).Height
	f.ctx = f.ctx.WithBlockHeight(ended - 2)
	_, err := f.challenge(1, id, 0)
	require.ErrorIs(t, err, types.ErrChallengeLate)
	f.ctx = f.ctx.WithBlockHeight(ended - 1)
	_, err = f.challenge(1, id, 0)
	require.NoError(t, err, "a simulation may stand one block behind the store that it reads")
}

func TestNobodyIsConvictedOfAProgramThatIsNoLongerVouchedFor(t *testing.T) {
	f, players := judges(t)
	id, _ := f.untruth(players, contestable(), colluder)
	f.setParams(func(p *types.Params) { p.DeterministicExecutors = nil })
	_, err := f.challenge(1, id, 0)
	require.ErrorIs(t, err, types.ErrNotChallengeable)
}

// sway makes a node that is drawn for the first round of a job behave differently, from
// before its commitment on. It returns the changed players and the node.
func (f *fixture) sway(players []player, job string, does behaviour) ([]player, int) {
	f.t.Helper()
	for range 40 {
		round := f.round(job)
		if len(round.Replicas) == int(round.Target) {
			break
		}
		for _, p := range players {
			p.act()
		}
		f.next()
	}
	drawn := f.drawn(job)
	last := drawn[len(drawn)-1] // the last drawn node, because it cannot have committed
	swayed := slices.Clone(players)
	swayed[last].does = does
	return swayed, last
}

// further counts the replicas that a receipt's task had after its first round.
func further(r types.Receipt) (n int64) {
	for _, o := range r.Outcomes {
		if o.Round > 0 {
			n++
		}
	}
	return n
}

func TestJudgesOfFurtherRoundsArePaidByWhoLiedToThemAndNotByTheChallenger(t *testing.T) {
	f, players := judges(t)
	id, drawn := f.untruth(players, contestable(), colluder)
	challenger, defendant := f.net(requester(1)), f.bond(drawn[0])
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	swayed, at := f.sway(players, judging, liar)
	bond := f.bond(at)
	f.play(swayed, judging, 200)
	r := f.receipt(judging)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, r.Status)
	require.Positive(t, further(r), "one of the judges lied")
	require.Equal(t, bond.Sub(f.job(judging).Liability).String(), f.bond(at).String())
	require.Equal(t, defendant.SubRaw(9_000).String(), f.bond(drawn[0]).String())

	paid := int64(0) // paid by the challenger
	for _, o := range r.Outcomes {
		paid += o.Paid.Int64()
	}
	gain := f.net(requester(1)).Sub(challenger).SubRaw(100_000) // the funds that the test has provided
	honest := min((9_000-paid-1_000)*4/10, 1_000)
	require.Equal(t, honest-int64(f.specSize(judging)), gain.Int64())
}

func TestResultOfAFurtherRoundHoldsNobodysBond(t *testing.T) {
	f, players := judges(t)
	s := spec(coin(1_000), 3)
	s.Policy.ChallengeBlocks = window
	id := f.post(0, s)
	swayed, _ := f.sway(players, id, liar)
	f.play(swayed, id, 200)
	r := f.receipt(id)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, r.Status)
	require.Positive(t, further(r))
	require.Zero(t, r.ChallengeUntil)
	for n := range players {
		require.True(t, f.state(n).Locked.IsZero(), "node %d", n)
	}
	_, err := f.challenge(1, id, 0)
	require.ErrorIs(t, err, types.ErrNotChallengeable)
}

// forgotten returns an accepted lie whose job is pruned while a challenge of it is judged. It
// returns both jobs and the lying node.
func forgotten(t *testing.T) (f *fixture, players []player, id, judging string, at int) {
	t.Helper()
	f, players = judges(t)
	f.setParams(func(p *types.Params) { p.RetentionBlocks = window })
	id, drawn := f.untruth(players, contestable(), colluder)
	for last := f.receipt(id).ChallengeUntil; f.ctx.BlockHeight() < last; {
		f.next()
	}
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.blocks(2) // the window is over
	_, err = f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: id})
	require.ErrorContains(t, err, "job not found")
	return f, players, id, judging, drawn[0]
}

func TestChallengeIsJudgedThoughItsJobIsPrunedMeanwhile(t *testing.T) {
	f, players, id, judging, at := forgotten(t)
	c, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id})
	require.NoError(t, err)
	require.EqualValues(t, 1, c.Challenge.Judging)
	bond := f.bond(at)
	f.play(players, judging, 120)
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(at).String())
}

func TestNoConvictionIsKeptOfAJobThatNobodyCanChallengeAgain(t *testing.T) {
	f, players, id, judging, _ := forgotten(t)
	f.play(players, judging, 120)
	_, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id})
	require.ErrorContains(t, err, "not being judged")
	g, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Empty(t, g.Challenges)
}

func TestTaskOfACancelledArrayIsChallengedByItsPlaceAmongThoseThatRan(t *testing.T) {
	f, players := judges(t)
	s := contestable()
	s.Tasks = 30
	id := f.post(0, s)
	f.crowd(len(players), 200, func() bool { return f.job(id).TasksAccepted >= 3 })
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	f.crowd(len(players), 200, func() bool { return f.over(id) })
	require.Positive(t, f.job(id).TasksDropped)
	for _, r := range f.receipts[id] {
		if len(r.Agreed()) > 0 {
			_, err := f.challenge(1, id, r.Task)
			require.NoError(t, err, "task %d", r.Task)
		}
	}
}
