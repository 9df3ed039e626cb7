package keeper_test

import (
	"errors"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// policy draws a policy of any kind.
func (m *market) policy(t *rapid.T) types.Policy {
	audits := rapid.Uint32Range(0, 2).Draw(t, "audits") * 5_000
	auditors := rapid.Uint32Range(1, 3).Draw(t, "auditors")
	risk := !m.vouched && rapid.Bool().Draw(t, "own risk")
	window := rapid.Uint64Range(0, 2).Draw(t, "window") * 20
	switch kind := rapid.SampledFrom([]types.PolicyKind{
		types.POLICY_KIND_QUORUM, types.POLICY_KIND_QUORUM, types.POLICY_KIND_AUDIT, types.POLICY_KIND_TRUST,
	}).Draw(t, "kind"); {
	case kind == types.POLICY_KIND_TRUST:
		p := types.Policy{Kind: kind, Replicas: 1, ReviewBlocks: rapid.Uint64Range(1, 15).Draw(t, "review")}
		if rapid.Bool().Draw(t, "named") {
			p.Node = operator(rapid.IntRange(0, len(m.players)-1).Draw(t, "node")).String()
		}
		return p
	case kind == types.POLICY_KIND_AUDIT && (m.vouched || risk):
		return types.Policy{Kind: kind, Replicas: 1, AuditBps: max(audits, 2_500), Auditors: auditors, OwnRisk: risk, ChallengeBlocks: window}
	default:
		p := types.Policy{Kind: types.POLICY_KIND_QUORUM, OwnRisk: risk}
		p.Replicas = rapid.SampledFrom([]uint32{3, 3, 5}).Draw(t, "replicas")
		if m.vouched || risk {
			p.AuditBps, p.Auditors, p.ChallengeBlocks = audits, auditors, window
		}
		return p
	}
}

func (m *market) postOne(t *rapid.T) {
	if len(m.jobs) > 30 {
		return
	}
	s := spec(coin(rapid.Int64Range(10, 2_000).Draw(t, "reward")), 3)
	s.Policy = m.policy(t)
	s.Tasks = rapid.SampledFrom([]uint64{1, 1, 1, 6}).Draw(t, "tasks")
	if rapid.Bool().Draw(t, "chunks") {
		drawChunks(t, &s)
	}
	if rapid.Bool().Draw(t, "other denom") {
		s.Reward.Denom = otherCoin
	}
	s.LifetimeBlocks = uint64(rapid.IntRange(5, 60).Draw(t, "lifetime"))
	n := rapid.IntRange(0, 3).Draw(t, "requester")
	m.fund(requester(n), coin(500_000), sdk.NewInt64Coin(otherCoin, 500_000))
	before := m.bank.GetAllBalances(m.ctx, requester(n))
	resp, err := m.msgs.PostJob(m.ctx, &types.MsgPostJob{Requester: requester(n).String(), Spec: s})
	if errors.Is(err, types.ErrTooFewNodes) {
		// Nodes were jailed, or have unbonded the bond that gave them weight.
		params, paramsErr := m.keeper.Params(m.ctx)
		require.NoError(t, paramsErr)
		policy, _ := params.Effective(&s)
		require.Less(t, m.liveNodes(t), uint64(policy.Replicas+policy.Auditors+params.SpareNodes), "%s", err)
		require.Equal(t, before, m.bank.GetAllBalances(m.ctx, requester(n)), "a refused job costs nothing")
		return
	}
	if refused := m.refusesDenom(&s); refused != nil {
		require.ErrorIs(t, err, refused)
		require.Equal(t, before, m.bank.GetAllBalances(m.ctx, requester(n)), "a refused job costs nothing")
		return
	}
	if s.Policy.NamesNode() && errors.Is(err, types.ErrNotQualified) {
		require.Equal(t, before, m.bank.GetAllBalances(m.ctx, requester(n)), "a refused job costs nothing")
		return
	}
	require.NoError(t, err)
	cost := sdk.NewCoins(resp.Reserved).Add(resp.PostingFee)
	require.Equal(t, before.Sub(cost...), m.bank.GetAllBalances(m.ctx, requester(n)))
	m.jobs = append(m.jobs, resp.JobId)
	m.notePosted(&s, resp.JobId)
	m.spent[resp.JobId] = resp.Reserved.Amount
	m.fees = m.fees.Add(resp.PostingFee.Amount)
}

// liveNodes returns the number of live nodes of the class in this epoch.
func (m *market) liveNodes(t *rapid.T) uint64 {
	epoch, err := m.nodes.Epoch(m.ctx)
	require.NoError(t, err)
	snapshot, err := m.nodes.ClassSnapshot(m.ctx, class, epoch)
	require.NoError(t, err)
	return snapshot.Nodes
}

// challengeOne challenges any result of any job, whatever its policy. Of a chunk, it
// challenges one task, with the result that the nodes have stated.
func (m *market) challengeOne(t *rapid.T) {
	var ended []types.Receipt
	for _, id := range m.jobs {
		ended = append(ended, m.receipts[id]...)
	}
	if len(ended) == 0 {
		return
	}
	open := slices.DeleteFunc(slices.Clone(ended), func(r types.Receipt) bool { return r.ChallengeUntil < m.ctx.BlockHeight() })
	if len(open) > 0 && rapid.IntRange(0, 3).Draw(t, "in time") > 0 {
		ended = open
	}
	receipt := rapid.SampledFrom(ended).Draw(t, "result")
	n := rapid.IntRange(0, 3).Draw(t, "challenger")
	m.fund(requester(n), coin(500_000), sdk.NewInt64Coin(otherCoin, 500_000))
	msg := &types.MsgChallenge{
		Challenger: requester(n).String(), JobId: receipt.JobId, Task: receipt.Task, Proof: m.proof(receipt.JobId, receipt.Task),
	}
	if receipt.Count > 1 && rapid.Bool().Draw(t, "one task") {
		m.proveLeaf(t, msg, receipt)
	}
	resp, err := m.msgs.Challenge(m.ctx, msg)
	if err != nil {
		known := []error{types.ErrNotChallengeable, types.ErrChallengeLate, types.ErrTooFewNodes, types.ErrReceiptNotFound}
		require.True(t, slices.ContainsFunc(known, func(e error) bool { return errors.Is(err, e) }), "%s", err)
		return
	}
	m.jobs = append(m.jobs, resp.JudgingJob)
	m.spent[resp.JudgingJob] = resp.Reserved.Amount
	m.fees = m.fees.Add(resp.PostingFee.Amount)
}

// proveLeaf adds a task of a chunk to a challenge, and the result that the nodes that agreed
// have stated for it.
func (m *market) proveLeaf(t *rapid.T, msg *types.MsgChallenge, receipt types.Receipt) {
	position := rapid.Uint64Range(0, receipt.Count-1).Draw(t, "position")
	msg.Task += position
	for _, p := range m.players {
		if !slices.Contains(receipt.Agreed(), operator(p.n).String()) {
			continue
		}
		leaves := p.leaves(types.WorkItem{Ref: types.ChunkRef{JobId: receipt.JobId, Task: receipt.Task}}, receipt.Count)
		require.Equal(t, receipt.Tags[0], types.ChunkRoot(leaves).Hash)
		msg.Leaf, msg.Siblings = &leaves[position], types.ChunkSiblings(leaves, []uint32{uint32(position)})
		return
	}
}

// reviewOne lets a requester review any task, whatever its policy.
func (m *market) reviewOne(t *rapid.T) {
	if len(m.jobs) == 0 {
		return
	}
	id := rapid.SampledFrom(m.jobs).Draw(t, "job")
	job := m.job(id)
	item := types.ReviewItem{JobId: id, Accept: rapid.Bool().Draw(t, "accept")}
	item.Task = rapid.Uint64Range(0, job.Tasks-1).Draw(t, "task")
	_, err := m.msgs.Review(m.ctx, &types.MsgReview{Requester: job.Requester, Items: []types.ReviewItem{item}})
	if err != nil {
		known := []error{types.ErrNotReviewing, types.ErrTaskEnded, types.ErrTaskNotOpen}
		if job.ChunkTasks > 1 { // another task of a chunk than its first
			known = append(known, types.ErrTaskNotFound)
		}
		require.True(t, slices.ContainsFunc(known, func(e error) bool { return errors.Is(err, e) }), "%s", err)
		return
	}
	require.Equal(t, types.POLICY_KIND_TRUST, job.Policy.Kind)
}

// redeliverOne lets a requester ask for the results of any job, in any state.
func (m *market) redeliverOne(t *rapid.T) {
	if len(m.jobs) == 0 {
		return
	}
	id := rapid.SampledFrom(m.jobs).Draw(t, "job")
	job := m.job(id)
	resp, err := m.msgs.Redeliver(m.ctx, &types.MsgRedeliver{
		Requester: job.Requester, JobId: id, Sink: rapid.SampledFrom([]string{"", "https://other.example/{task}"}).Draw(t, "sink"),
	})
	if err != nil {
		if job.Challenged != nil && errors.Is(err, types.ErrInvalidSpec) {
			return // judges have no sink of their own
		}
		require.ErrorIs(t, err, types.ErrRedelivery)
		return
	}
	require.True(t, job.Challenged == nil || job.Ended(), "judges deliver nothing before their verdict")
	m.fees = m.fees.Add(resp.PostingFee.Amount)
}

func (m *market) cancelOne(t *rapid.T) {
	if len(m.jobs) == 0 {
		return
	}
	id := rapid.SampledFrom(m.jobs).Draw(t, "job")
	_, err := m.msgs.CancelJob(m.ctx, &types.MsgCancelJob{Requester: m.job(id).Requester, JobId: id})
	if err != nil {
		require.True(t, errors.Is(err, types.ErrJobEnded) || errors.Is(err, types.ErrNotCancellable), "%s", err)
	}
	m.turn(t) // the amount that a challenge without a verdict burns is counted when its job closes
}

// redrawOne lets a requester buy a draw for any task, in any state.
func (m *market) redrawOne(t *rapid.T) {
	if len(m.jobs) == 0 {
		return
	}
	id := rapid.SampledFrom(m.jobs).Draw(t, "job")
	job := m.job(id)
	task := rapid.Uint64Range(0, job.Tasks-1).Draw(t, "task")
	said, err := m.queries.Explain(m.ctx, &types.QueryExplainRequest{JobId: id, Task: task})
	pauses := err == nil && said.Waiting.Draw == nil && strings.Contains(said.Waiting.Summary, "may buy it now")
	if err == nil {
		task = said.Waiting.Ref.Task // the first of its chunk
	}
	resp, err := m.msgs.Redraw(m.ctx, &types.MsgRedraw{Requester: job.Requester, JobId: id, Task: task})
	if err != nil {
		known := []error{types.ErrNoRedraw, types.ErrJobEnded, types.ErrTaskEnded, types.ErrTaskNotOpen, types.ErrNotQualified}
		require.True(t, slices.ContainsFunc(known, func(e error) bool { return errors.Is(err, e) }), "%s", err)
		require.True(t, !pauses || errors.Is(err, types.ErrNotQualified), "a task that waits can be drawn for: %s", err)
		return
	}
	require.True(t, pauses, "a draw that is pinned is not replaced")
	require.Equal(t, m.ctx.BlockHeight(), resp.SeedHeight)
	m.fees = m.fees.Add(resp.Fee.Amount)
}

// topUpOne tries to add tasks or time to a job.
func (m *market) topUpOne(t *rapid.T) {
	if len(m.jobs) == 0 {
		return
	}
	id := rapid.SampledFrom(m.jobs).Draw(t, "job")
	resp, err := m.msgs.TopUpJob(m.ctx, &types.MsgTopUpJob{
		Requester: m.job(id).Requester, JobId: id,
		Tasks: rapid.Uint64Range(0, 2).Draw(t, "tasks"), LifetimeBlocks: rapid.Uint64Range(0, 30).Draw(t, "lifetime"),
	})
	if err == nil {
		m.checkToppedUp(t, id)
		m.spent[id] = m.spent[id].Add(resp.Reserved.Amount)
	}
}
