package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// untruth is a job whose drawn replicas do the same, and which nobody audits. It
// returns the job and who was drawn.
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
				if r == operator(n).String() {
					swayed[n].does = does
					drawn = append(drawn, n)
				}
			}
		}
		f.play(swayed, id, 120)
		if r := f.receipt(id); r.Status == types.TASK_STATUS_ACCEPTED && !r.Audited {
			return id, drawn
		}
	}
	require.Fail(f.t, "every job was audited")
	return "", nil
}

// judges is a network of eight honest nodes.
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
	require.ErrorIs(t, f.claim(drawn[0], types.TaskRef{JobId: judging}), types.ErrAlreadyTookPart)
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

func TestResultIsConvictedOnceHoweverManyJobsJudgeIt(t *testing.T) {
	f, players := judges(t)
	id, drawn := f.untruth(players, contestable(), colluder)
	bond := f.bond(drawn[0])
	for n := 1; n < 3; n++ {
		_, err := f.challenge(n, id, 0)
		require.NoError(t, err)
	}
	payer := f.net(requester(0))
	for range 40 {
		for _, p := range players {
			p.act()
		}
		f.next()
	}
	_, err := f.challenge(3, id, 0)
	require.ErrorIs(t, err, types.ErrNotChallengeable)
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(drawn[0]).String())
	require.Equal(t, payer.AddRaw(1_000).String(), f.net(requester(0)).String())
}

func TestChallengersJudgesArePaidBeforeWhoWasLiedTo(t *testing.T) {
	f, players := judges(t)
	s := contestable()
	s.Policy.AuditBps = 3_300 // three rewards at stake, which three judges take
	id, _ := f.untruth(players, s, colluder)
	require.Equal(t, "3000", f.job(id).Liability.String())
	payer, challenger := f.net(requester(0)), f.net(requester(1))
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.play(players, judging, 120)
	spent := int64(len(f.receipt(judging).Agreed())) * 1_000
	require.GreaterOrEqual(t, spent, int64(3_000))
	require.Equal(t, payer.String(), f.net(requester(0)).String(), "nothing was left")
	gain := f.net(requester(1)).Sub(challenger).SubRaw(100_000) // what the test has given
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
	f.ctx = f.ctx.WithBlockHeight(f.receipt(id).Height - 1)
	_, err := f.challenge(1, id, 0)
	require.ErrorIs(t, err, types.ErrChallengeLate)
}

func TestNobodyIsConvictedOfAProgramThatIsNoLongerVouchedFor(t *testing.T) {
	f, players := judges(t)
	id, _ := f.untruth(players, contestable(), colluder)
	f.setParams(func(p *types.Params) { p.DeterministicExecutors = nil })
	_, err := f.challenge(1, id, 0)
	require.ErrorIs(t, err, types.ErrNotChallengeable)
}
