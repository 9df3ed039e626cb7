package keeper_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// window is the number of blocks for which results of these tests may be challenged.
const window = 100

// contestable returns a job of one replica that is hardly ever audited.
func contestable() types.JobSpec {
	s := audited(1, 1)
	s.Policy.ChallengeBlocks = window
	return s
}

// proof shows where the receipt of a task is in its job's tree.
func (f *fixture) proof(job string, task uint64) *types.ReceiptProof {
	f.t.Helper()
	receipts := slices.Clone(f.receipts[job])
	slices.SortStableFunc(receipts, func(a, b types.Receipt) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), cmp.Compare(a.Task, b.Task))
	})
	var leaves [][]byte
	proof := &types.ReceiptProof{}
	for i, r := range receipts {
		leaf, err := types.ReceiptLeaf(r)
		require.NoError(f.t, err)
		leaves = append(leaves, leaf)
		if r.Covers(task) {
			proof.Receipt, proof.Index = r, uint64(i)
		}
	}
	proof.Path = types.FrontierPath(leaves, proof.Index)
	return proof
}

// challenge challenges a result on behalf of the n-th requester.
func (f *fixture) challenge(n int, job string, task uint64) (string, error) {
	f.t.Helper()
	f.fund(requester(n), coin(100_000))
	resp, err := f.msgs.Challenge(f.ctx, &types.MsgChallenge{
		Challenger: requester(n).String(), JobId: job, Task: task, Proof: f.proof(job, task),
	})
	if err != nil {
		return "", err
	}
	return resp.JudgingJob, nil
}

// accepted posts jobs until the wanted node has had a result accepted that was not audited.
func (f *fixture) accepted(players []player, want int) string {
	f.t.Helper()
	for range 60 {
		id := f.post(0, contestable())
		f.play(players, id, 120)
		r := f.receipt(id)
		if r.Status == types.CHUNK_STATUS_ACCEPTED && !r.Audited && r.Outcomes[0].Operator == operator(want).String() {
			return id
		}
	}
	require.Fail(f.t, "node was never drawn")
	return ""
}

// net returns the balance of an account in the bond denom, including unclaimed earnings.
func (f *fixture) net(account sdk.AccAddress) math.Int {
	f.t.Helper()
	earned, err := f.rewards.Earnings(f.ctx, account)
	require.NoError(f.t, err)
	return f.bank.GetBalance(f.ctx, account, denom).Amount.Add(earned.AmountOf(denom))
}

// contested returns a network in which honest nodes audit a tenth of the results.
func contested(t *testing.T, does ...behaviour) (*fixture, []player) {
	t.Helper()
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.HonestBps, p.AuditFloorBps = 10_000, 1_000 })
	f.network(len(does))
	return f, f.players(does...)
}

func TestAcceptedLieThatIsChallengedCostsTheLiarAndPaysWhoFoundIt(t *testing.T) {
	f, players := contested(t, liar, honest, honest, honest, honest, honest, honest)
	id := f.accepted(players, 0)
	job, receipt := f.job(id), f.receipt(id)
	require.GreaterOrEqual(t, receipt.ChallengeUntil, receipt.Height+window)
	require.Equal(t, "9000", job.Liability.String(), "a tenth is audited: 9 rewards")
	bond := f.bond(0)
	challenger, payer := f.net(requester(1)), f.net(requester(0))

	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	c, err := f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id})
	require.NoError(t, err)
	require.Equal(t, "9000", c.Challenge.Defendants[0].Locked.String())
	spec := f.job(judging)
	require.Empty(t, spec.Placement)
	require.Equal(t, id, spec.Challenged.JobId)
	ended := f.play(players, judging, 120)
	require.Equal(t, types.JOB_STATUS_COMPLETED, ended.Status)
	verdict := f.receipt(judging)
	require.NotContains(t, verdict.Agreed(), operator(0).String(), "nobody judges himself")

	// The node lost 9,000: 3,000 for the judges (and 1,000 if they were audited), and the
	// reward of 1,000. Two fifths of the rest would be the honest share, but it is at most
	// one reward.
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(0).String())
	spent := int64(len(verdict.Agreed())) * 1_000
	gain := f.net(requester(1)).Sub(challenger).SubRaw(100_000) // the funds that the test has provided
	fee := int64(f.specSize(judging))
	require.Equal(t, min((9_000-spent-1_000)*4/10, 1_000)-fee, gain.Int64())
	require.Equal(t, payer.AddRaw(1_000).String(), f.net(requester(0)).String(), "who was lied to gets the reward back")

	again, err := f.challenge(1, id, 0)
	require.ErrorIs(t, err, types.ErrNotChallengeable, again)
	f.blocks(window + 20)
	require.True(t, f.state(0).Locked.IsZero())
}

func (f *fixture) state(n int) edgenodetypes.NodeState {
	f.t.Helper()
	node, err := f.nodes.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	return node.State
}

// specSize returns the size from which the posting fee of a job was computed.
func (f *fixture) specSize(id string) int {
	f.t.Helper()
	resp, err := f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: id})
	require.NoError(f.t, err)
	return resp.Spec.Size()
}

func TestHonestResultThatIsChallengedCostsTheChallengerItsJudges(t *testing.T) {
	f, players := contested(t, honest, honest, honest, honest, honest, honest)
	id := f.accepted(players, 0)
	bond, before := f.bond(0), f.net(requester(1))
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.play(players, judging, 120)
	require.Equal(t, bond.String(), f.bond(0).String())
	loss := before.AddRaw(100_000).Sub(f.net(requester(1)))
	require.Equal(t, int64(len(f.receipt(judging).Agreed()))*1_000+int64(f.specSize(judging)), loss.Int64())
	_, err = f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id})
	require.ErrorContains(t, err, "not being judged")
	require.True(t, f.state(0).Held().GTE(math.NewInt(9_000)), "others may still challenge")
}

func TestChallengeWithoutAVerdictCostsAndLeavesThingsAsTheyWere(t *testing.T) {
	f, players := contested(t, liar, honest, honest, honest, honest, honest)
	id := f.accepted(players, 0)
	held := f.state(0).Held()
	first, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.blocks(10)
	second, err := f.challenge(2, id, 0)
	require.NoError(t, err)
	require.Equal(t, held.SubRaw(9_000).String(), f.state(0).Held().String(), "contested once")
	_, err = f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(1).String(), JobId: first})
	require.ErrorIs(t, err, types.ErrNotCancellable, "who sees the judges could draw others")

	before := f.net(requester(1))
	for !f.jobEnded(first) { // no node takes it
		f.next()
	}
	// The challenger put up the pay of three judges and an auditor; a tenth of that is gone.
	require.Equal(t, before.AddRaw(3_600).String(), f.net(requester(1)).String())
	require.Equal(t, held.SubRaw(9_000).String(), f.state(0).Held().String(), "another job still judges")

	bond := f.bond(0)
	f.play(players, second, 120)
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(0).String(), "a sham challenge shields nobody")
}

func (f *fixture) jobEnded(id string) bool {
	f.t.Helper()
	job := f.job(id)
	return job.Ended()
}

func TestOnlyResultsOfAgreedFirstRoundsCanBeChallengedAndInTime(t *testing.T) {
	f, players := contested(t, honest, honest, honest, honest, honest, honest)
	id := f.accepted(players, 0)
	until := f.receipt(id).ChallengeUntil

	plain := f.post(0, audited(1, 1))
	f.play(players, plain, 120)
	_, err := f.challenge(1, plain, 0)
	require.ErrorIs(t, err, types.ErrNotChallengeable, "posted without a window")
	_, err = f.challenge(1, id, 1)
	require.ErrorIs(t, err, types.ErrReceiptNotFound)
	open := f.post(0, contestable())
	_, err = f.challenge(1, open, 0)
	require.ErrorIs(t, err, types.ErrReceiptNotFound, "not ended")

	f.ctx = f.ctx.WithBlockHeight(until)
	_, err = f.challenge(1, id, 0)
	require.NoError(t, err)
	f.ctx = f.ctx.WithBlockHeight(until + 1)
	_, err = f.challenge(2, id, 0)
	require.ErrorIs(t, err, types.ErrChallengeLate)
}

func TestTaskOfAnArrayIsChallengedByItsPlaceInTheTree(t *testing.T) {
	f, players := contested(t, liar, honest, honest, honest, honest, honest, honest)
	s := contestable()
	s.Tasks, s.FirstTask = 7, 5
	id := f.post(0, s)
	f.play(players, id, 300)
	var lies, truths []types.Receipt
	for _, r := range f.receipts[id] {
		switch {
		case len(r.Agreed()) != 1:
		case r.Agreed()[0] == operator(0).String():
			lies = append(lies, r)
		default:
			truths = append(truths, r)
		}
	}
	require.NotEmpty(t, lies)
	require.NotEmpty(t, truths)
	bond := f.bond(0)
	judging, err := f.challenge(1, id, lies[0].Task)
	require.NoError(t, err)
	resp, err := f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: judging})
	require.NoError(t, err)
	require.Equal(t, 5+lies[0].Task, resp.Spec.FirstTask, "judges run the same task")
	f.play(players, judging, 120)
	require.Equal(t, bond.SubRaw(9_000).String(), f.bond(0).String())

	forged := f.proof(id, truths[0].Task)
	forged.Receipt.Tags[0] = make([]byte, 32)
	_, err = f.msgs.Challenge(f.ctx, &types.MsgChallenge{
		Challenger: requester(1).String(), JobId: id, Task: truths[0].Task, Proof: forged,
	})
	require.ErrorIs(t, err, types.ErrReceiptNotFound)
	_, err = f.msgs.Challenge(f.ctx, &types.MsgChallenge{Challenger: requester(1).String(), JobId: id, Task: truths[0].Task})
	require.ErrorContains(t, err, "expected a proof")
	_, err = f.msgs.Challenge(f.ctx, &types.MsgChallenge{
		Challenger: requester(1).String(), JobId: id, Task: lies[0].Task, Proof: f.proof(id, truths[0].Task),
	})
	require.ErrorContains(t, err, "expected the receipt of the chunk with task")
}

func TestJudgingJobIsNeitherProlongedNorEnlarged(t *testing.T) {
	f, players := contested(t, honest, honest, honest, honest, honest, honest)
	id := f.accepted(players, 0)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	for _, msg := range []types.MsgTopUpJob{{Tasks: 1}, {LifetimeBlocks: 1_000}} {
		msg.Requester, msg.JobId = requester(1).String(), judging
		_, err := f.msgs.TopUpJob(f.ctx, &msg)
		require.ErrorIs(t, err, types.ErrInvalidTopUp)
	}
}

func TestConvictionsGoWithTheirJob(t *testing.T) {
	f, players := contested(t, liar, honest, honest, honest, honest, honest, honest)
	f.setParams(func(p *types.Params) { p.RetentionBlocks = 150 })
	id := f.accepted(players, 0)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	f.play(players, judging, 120)
	_, err = f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id})
	require.NoError(t, err)
	f.blocks(160)
	_, err = f.queries.Challenge(f.ctx, &types.QueryChallengeRequest{JobId: id})
	require.ErrorContains(t, err, "not being judged")
}
