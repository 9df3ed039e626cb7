package keeper_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestPostingTakesWhatTheQuoteSays(t *testing.T) {
	for _, d := range []string{denom, otherCoin} {
		f := newFixture(t)
		f.network(4)
		s := spec(sdk.NewInt64Coin(d, 1_000), 3)
		quote, err := f.queries.Quote(f.ctx, &types.QueryQuoteRequest{
			Class: class, Replicas: 3, Reward: s.Reward.String(), SpecBytes: uint64(s.Size()),
		})
		require.NoError(t, err)
		f.fund(requester(0), coin(10_000), sdk.NewInt64Coin(otherCoin, 10_000))
		before, supply := f.bank.GetAllBalances(f.ctx, requester(0)), f.bank.GetSupply(f.ctx, denom)

		resp, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
		require.NoError(t, err)
		require.Equal(t, quote.Reserve, resp.Reserved)
		require.Equal(t, quote.PostingFee, resp.PostingFee)
		cost := sdk.NewCoins(resp.Reserved).Add(resp.PostingFee)
		require.Equal(t, before.Sub(cost...), f.bank.GetAllBalances(f.ctx, requester(0)))
		require.Equal(t, supply.Sub(resp.PostingFee), f.bank.GetSupply(f.ctx, denom), "the fee is burned")
		job := f.job(resp.JobId)
		require.Equal(t, quote.Liability.Amount, job.Liability)
		require.EqualValues(t, 4, quote.LiveNodes)
		require.EqualValues(t, 3, quote.NeededNodes)

		posted := events[*types.EventJobPosted](f)
		require.Len(t, posted, 1)
		require.Equal(t, &types.EventJobPosted{
			JobId: resp.JobId, Requester: requester(0).String(), Class: class, Executor: "wasm/1", Reserved: resp.Reserved,
			Tasks: 1,
		}, posted[0])
		draws := changes[*types.ChunkChange_DrawStarted](f)
		require.Len(t, draws, 1)
		require.Equal(t, &types.DrawStarted{SeedHeight: 1, Slots: 3}, draws[0].DrawStarted)
		f.checkInvariants()
	}
}

func TestQuotesHoldForEveryPolicy(t *testing.T) {
	listed := spec(coin(1), 3).Program.Sha256
	for name, c := range map[string]struct {
		params func(*types.Params)
		policy types.Policy
		tasks  uint64
		chunk  uint64
	}{
		"quorum":               {policy: types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}},
		"quorum of five":       {policy: types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 5}},
		"quorum under a floor": {params: func(p *types.Params) { p.AuditFloorBps = 500 }, policy: types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}},
		"audit":                {policy: types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1_000, Auditors: 2}},
		"array":                {policy: types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1_000, Auditors: 1}, tasks: 7},
		"chunks":               {policy: types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 1}, tasks: 7, chunk: 5},
		"chunks of samples":    {policy: types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 1, Samples: 64}, tasks: 7, chunk: 7},
		"chunks under trust":   {policy: types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 9}, tasks: 7, chunk: 7},
		"trust":                {policy: types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 9}},
		"a named node":         {policy: types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 9, Node: operator(1).String()}},
		"nobody vouches": {
			params: func(p *types.Params) { p.DeterministicExecutors = nil },
			policy: types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3},
		},
		"own risk": {
			params: func(p *types.Params) { p.DeterministicExecutors = nil },
			policy: types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1_000, Auditors: 1, OwnRisk: true},
		},
		"a program that governance lists": {
			params: func(p *types.Params) {
				p.DeterministicExecutors, p.DeterministicPrograms = nil, [][]byte{listed}
			},
			policy: types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1_000, Auditors: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.network(9)
			if c.params != nil {
				f.setParams(c.params)
			}
			s := spec(coin(1_000), 3)
			s.Policy, s.Tasks, s.ChunkTasks = c.policy, max(1, c.tasks), c.chunk
			quote, err := f.queries.Quote(f.ctx, types.NewQuoteRequest(&s))
			require.NoError(t, err)
			f.fund(requester(0), coin(100_000))
			resp, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
			require.NoError(t, err)
			require.Equal(t, quote.Reserve, resp.Reserved)
			require.Equal(t, quote.PostingFee, resp.PostingFee)
			job := f.job(resp.JobId)
			require.Equal(t, quote.Liability.Amount, job.Liability)
			if c.policy.Node != "" {
				require.Zero(t, quote.NeededNodes, "a named node stands for itself")
				return
			}
			require.EqualValues(t, job.Policy.Replicas+job.Policy.Auditors, quote.NeededNodes)
		})
	}
}

func TestQuotesRefuseWhatPostingWould(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	for name, req := range map[string]types.QueryQuoteRequest{
		"no reward":     {Class: class, Replicas: 3},
		"wrong denom":   {Class: class, Replicas: 3, Reward: "1000unknown"},
		"zero":          {Class: class, Replicas: 3, Reward: "0atfuel"},
		"huge":          {Class: class, Replicas: 64, Reward: "1" + strings.Repeat("0", 76) + "atfuel"},
		"huge spec":     {Class: class, Replicas: 3, Reward: "1000atfuel", SpecBytes: 1 << 63},
		"many replicas": {Class: class, Replicas: 1 << 31, Reward: "1000atfuel"},
		"no class":      {Replicas: 3, Reward: "1000atfuel"},
		"large chunk":   {Class: class, Replicas: 1, Kind: types.POLICY_KIND_AUDIT, AuditBps: 1, Auditors: 1, Reward: "1000atfuel", Tasks: 9, ChunkTasks: 10},
		"quorum chunk":  {Class: class, Replicas: 3, Reward: "1000atfuel", Tasks: 900, ChunkTasks: 171},
		"samples":       {Class: class, Replicas: 1, Kind: types.POLICY_KIND_AUDIT, AuditBps: 1, Auditors: 1, Reward: "1000atfuel", Samples: 65},
		"no address": {
			Class: class, Replicas: 1, Reward: "1000atfuel", Kind: types.POLICY_KIND_TRUST, NamedNode: "theta1",
		},
	} {
		_, err := f.queries.Quote(f.ctx, &req)
		require.Error(t, err, name)
	}
}

func TestPostingIsRefusedWithoutATrace(t *testing.T) {
	huge := math.NewIntFromBigInt(math.NewIntWithDecimal(1, 76).BigInt())
	for name, c := range map[string]struct {
		change func(*types.JobSpec)
		want   error
		says   string
	}{
		"wrong denom":     {func(s *types.JobSpec) { s.Reward.Denom = "unknown" }, types.ErrInvalidReward, "denom unknown is not accepted"},
		"amount missing":  {func(s *types.JobSpec) { s.Reward.Amount = math.Int{} }, types.ErrInvalidReward, "above 0"},
		"zero":            {func(s *types.JobSpec) { s.Reward.Amount = math.ZeroInt() }, types.ErrInvalidReward, "above 0"},
		"too small":       {func(s *types.JobSpec) { s.Reward.Amount = math.NewInt(9) }, types.ErrInvalidReward, "at least 10atfuel"},
		"negative":        {func(s *types.JobSpec) { s.Reward.Amount = math.NewInt(-5) }, types.ErrInvalidReward, "above 0"},
		"huge":            {func(s *types.JobSpec) { s.Reward.Amount = huge }, types.ErrInvalidReward, "at most"},
		"more than owned": {func(s *types.JobSpec) { s.Reward.Amount = math.NewInt(1_000_000) }, sdkerrors.ErrInsufficientFunds, "spendable balance"},
		"over 4 KiB":      {func(s *types.JobSpec) { s.Args = []string{strings.Repeat("a", 4_100)} }, types.ErrSpecTooLarge, "at most 4096"},
		"missing digest":  {func(s *types.JobSpec) { s.Program.Sha256 = nil }, types.ErrInvalidSpec, "program: expected a sha256"},
		"expired":         {func(s *types.JobSpec) { s.LifetimeBlocks = 0 }, types.ErrInvalidSpec, "lifetime_blocks"},
		"too long":        {func(s *types.JobSpec) { s.LifetimeBlocks = 1 << 40 }, types.ErrInvalidSpec, "lifetime_blocks: expected at most"},
		"unknown class":   {func(s *types.JobSpec) { s.Class = "gpu-of-dreams" }, edgenodetypes.ErrUnknownClass, "gpu-of-dreams"},
		"class of smaller devices": {func(s *types.JobSpec) {
			s.Executor, s.Class, s.Resources.DeviceBytes = "tensor/1", "gpu-8g", 7<<30
		}, types.ErrInvalidSpec, "device_bytes: the class gpu-8g takes at most"},
		"class of nobody": {func(s *types.JobSpec) { s.Class = "cpu-large" }, types.ErrTooFewNodes, "there are 0"},
		"too few nodes":   {func(s *types.JobSpec) { s.Policy.Replicas = 7 }, types.ErrTooFewNodes, "7 replicas and 0 auditors need 7 live nodes of class cpu-small in this epoch, there are 4"},
		"executor":        {func(s *types.JobSpec) { s.Executor = "next/1" }, types.ErrUnsupported, "expected one of wasm/1"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.network(4)
			f.fund(requester(0), coin(100_000))
			s := spec(coin(1_000), 3)
			c.change(&s)
			err := f.unchanged(func() error {
				_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
				return err
			})
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
		})
	}
	f := newFixture(t)
	f.network(4)
	_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: "nobody", Spec: spec(coin(1_000), 3)})
	require.ErrorIs(t, err, types.ErrInvalidSpec)
}

func TestASpareNodeIsAskedForBeyondTheReplicas(t *testing.T) {
	f := newFixture(t)
	p := testParams()
	p.SpareNodes = 1
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: p})
	require.NoError(t, err)
	f.network(3)
	f.fund(requester(0), coin(100_000))
	_, err = f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: spec(coin(1_000), 3)})
	require.ErrorIs(t, err, types.ErrTooFewNodes)
	require.ErrorContains(t, err, "3 replicas and 0 auditors need 4 live nodes")
}

func TestJobIDsAreNeverUsedTwice(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	outside := f.post(0, spec(coin(10), 3))
	require.Equal(t, "1-4294967295-0", outside, "posted outside of any transaction, as governance does")
	require.Equal(t, "1-4294967295-1", f.post(1, spec(coin(10), 3)))

	f.ctx = f.ctx.WithTxIndex(3)
	require.Equal(t, "1-3-0", f.post(0, spec(coin(10), 3)), "the first message of a transaction")
	require.Equal(t, "1-3-1", f.post(0, spec(coin(10), 3)), "the same message again")
	require.Equal(t, "1-3-2", f.post(1, spec(coin(10), 3)), "another requester, as under authz")
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: "1-3-1"})
	require.NoError(t, err)
	require.Equal(t, "1-3-3", f.post(0, spec(coin(10), 3)), "an ended job keeps its id")
	f.ctx = f.ctx.WithTxIndex(4)
	require.Equal(t, "1-4-0", f.post(0, spec(coin(10), 3)))
	f.next()
	require.Equal(t, "2-4-0", f.post(0, spec(coin(10), 3)))
}

func TestCancellingIsTheRequestersAlone(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	cancel := func(by, id string) error {
		_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: by, JobId: id})
		return err
	}
	require.ErrorIs(t, f.unchanged(func() error { return cancel(requester(1).String(), id) }), types.ErrNotRequester)
	require.ErrorIs(t, f.unchanged(func() error { return cancel("nobody", id) }), types.ErrNotRequester)
	require.ErrorIs(t, f.unchanged(func() error { return cancel(requester(0).String(), "9-9-9") }), types.ErrJobNotFound)
	require.ErrorIs(t, f.unchanged(func() error { return cancel(requester(0).String(), "x") }), types.ErrInvalidJobID)

	before := f.bank.GetBalance(f.ctx, requester(0), denom)
	resp, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	require.Equal(t, "3200atfuel", resp.Refund.String(), "three seats were about to be drawn")
	require.NoError(t, f.keeper.EndBlock(f.ctx))
	require.Equal(t, before.Add(resp.Refund), f.bank.GetBalance(f.ctx, requester(0), denom))
	closed := events[*types.EventJobClosed](f)
	require.Len(t, closed, 1)
	ended := changes[*types.ChunkChange_Ended](f)
	require.Len(t, ended, 1)
	leaf, err := types.ReceiptLeaf(*ended[0].Ended)
	require.NoError(t, err)
	require.Equal(t, &types.EventJobClosed{
		JobId: id, Status: types.JOB_STATUS_CANCELLED, Refund: resp.Refund, ResultsRoot: leaf,
	}, closed[0])
	require.ErrorIs(t, f.unchanged(func() error { return cancel(requester(0).String(), id) }), types.ErrJobEnded)
	f.next()
}

func TestARequesterInUpperCaseIsTheSameRequester(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.fund(requester(0), coin(100_000))
	loud := strings.ToUpper(requester(0).String())
	for _, names := range [][2]string{{loud, requester(0).String()}, {requester(0).String(), loud}} {
		resp, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: names[0], Spec: spec(coin(1_000), 3)})
		require.NoError(t, err)
		require.Equal(t, requester(0).String(), f.job(resp.JobId).Requester)
		_, err = f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: names[1], JobId: resp.JobId})
		require.NoError(t, err)
	}
}

func TestParamsAreGovernances(t *testing.T) {
	f := newFixture(t)
	p := testParams()
	p.MaxBatch = 7
	update := func(by string, p types.Params) error {
		_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: by, Params: p})
		return err
	}
	require.ErrorIs(t, f.unchanged(func() error { return update(requester(0).String(), p) }), sdkerrors.ErrUnauthorized)
	bad := p
	bad.Escalation = []uint32{1, 15}
	require.ErrorIs(t, f.unchanged(func() error { return update(authority(), bad) }), types.ErrInvalidParams)
	require.ErrorIs(t, f.unchanged(func() error { return update(authority(), types.Params{}) }), types.ErrInvalidParams)
	require.NoError(t, update(authority(), p))
	resp, err := f.queries.Params(f.ctx, &types.QueryParamsRequest{})
	require.NoError(t, err)
	require.Equal(t, p, resp.Params)
}

func TestListsAreByClassWhileOpenAndByRequesterForEver(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	var mine []string
	for range 3 {
		mine = append(mine, f.post(0, spec(coin(10), 3)))
	}
	theirs := f.post(1, spec(coin(10), 3))
	_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: mine[1]})
	require.NoError(t, err)
	var listed []string
	jobs, err := f.queries.Jobs(f.ctx, &types.QueryJobsRequest{Requester: requester(0).String()})
	require.NoError(t, err)
	for _, j := range jobs.Jobs {
		listed = append(listed, j.Id)
	}
	require.Equal(t, mine, listed)
	for _, bad := range []string{"", "x"} {
		_, err := f.queries.Jobs(f.ctx, &types.QueryJobsRequest{Requester: bad})
		require.Error(t, err)
	}
	require.Equal(t, []string{theirs, mine[2], mine[0]}, f.draws(class))
	require.Empty(t, f.draws("cpu-large"))
	job, err := f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: mine[0]})
	require.NoError(t, err)
	digest, err := types.SpecDigest(&job.Spec)
	require.NoError(t, err)
	require.True(t, bytes.Equal(digest, job.Job.SpecDigest), "the spec comes back as it was posted")
}

// draws returns the jobs of the open draws of a class.
func (f *fixture) draws(class string) []string {
	f.t.Helper()
	resp, err := f.queries.Draws(f.ctx, &types.QueryDrawsRequest{Class: class})
	require.NoError(f.t, err)
	var out []string
	for _, d := range resp.Draws {
		out = append(out, d.Ref.JobId)
	}
	return out
}
