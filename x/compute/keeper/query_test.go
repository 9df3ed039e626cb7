package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/types"
)

// explainOne compares what queries say about every node and one open job with what a claim
// does.
func (m *market) explainOne(t *rapid.T) {
	var open []string
	for _, id := range m.jobs {
		if !m.jobEnded(id) {
			open = append(open, id)
		}
	}
	if len(open) == 0 {
		return
	}
	id := rapid.SampledFrom(open).Draw(t, "job")
	begin := m.ctx
	for _, p := range m.players {
		m.ctx, _ = begin.CacheContext()
		said, err := m.queries.Explain(m.ctx, &types.QueryExplainRequest{JobId: id, Operator: operator(p.n).String()})
		if err != nil {
			break // it has ended at this height, and its receipt follows
		}
		claimable, err := m.queries.Claimable(m.ctx, &types.QueryClaimableRequest{Operator: operator(p.n).String()})
		require.NoError(t, err)
		leads := false
		for _, task := range claimable.Tasks {
			leads = leads || (task.Ref.JobId == id && task.Ref.Task == 0 && task.Leading)
		}
		err = m.claim(p.n, ref(id, uint32(len(m.task(id).Rounds)-1)))
		require.Equal(t, said.Qualifies, err == nil, "node %d: %v says %v", p.n, err, said.Checks)
		require.Equal(t, said.Qualifies, leads, "Claimable says the same")
		if err != nil {
			for _, c := range said.Checks {
				if !c.Ok {
					require.Equal(t, c.Detail, err.Error(), "the first check that fails is the claim's error")
					break
				}
			}
		}
	}
	m.ctx = begin
}

func TestExplainNamesEveryRuleThatANodeMisses(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.drawable(spec(coin(1_000), 3))
	require.NoError(t, f.nodes.Reserve(f.ctx, operator(0), coin(9_000).Amount))
	resp, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id, Operator: operator(0).String()})
	require.NoError(t, err)
	require.False(t, resp.Qualifies)
	failed := map[string]string{}
	var rules []string
	for _, c := range resp.Checks {
		if c.Declared {
			require.True(t, c.Ok, "a node that declares nothing takes everything")
			continue
		}
		rules = append(rules, c.Rule)
		if !c.Ok {
			failed[c.Rule] = c.Detail
		}
	}
	require.Equal(t, []string{
		"draw", "seed", "candidate", "new to the task", "status", "class", "executor", "slots", "bond",
		"window", "seed kept", "weight", "ticket", "rank",
	}, rules)
	require.Len(t, failed, 1)
	require.Contains(t, failed["bond"], "free bond of 3000: the node has 1000")

	stranger, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id, Operator: operator(50).String()})
	require.NoError(t, err)
	require.False(t, stranger.Qualifies)
	require.Equal(t, "node", stranger.Checks[len(stranger.Checks)-1].Rule)

	for _, bad := range []types.QueryExplainRequest{
		{JobId: "x", Operator: operator(0).String()},
		{JobId: "7-7-7", Operator: operator(0).String()},
		{JobId: id, Task: 1, Operator: operator(0).String()},
		{JobId: id, Operator: "x"},
	} {
		_, err := f.queries.Explain(f.ctx, &bad)
		require.Error(t, err)
	}
}

func TestClaimablePagesAreCompleteAndBounded(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	want := map[string]bool{}
	var order []string
	for range 7 {
		id := f.post(0, spec(coin(10), 3))
		want[id] = true
		order = append(order, id)
	}
	slices.Reverse(order)
	f.blocks(seedDelay)
	page := &query.PageRequest{Limit: 3}
	pages := 0
	var found []string
	for {
		resp, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(0).String(), Pagination: page})
		require.NoError(t, err)
		require.LessOrEqual(t, len(resp.Tasks), 3)
		for _, task := range resp.Tasks {
			require.True(t, want[task.Ref.JobId], "%s was listed twice or is not open", task.Ref.JobId)
			delete(want, task.Ref.JobId)
			found = append(found, task.Ref.JobId)
		}
		pages++
		if len(resp.Pagination.NextKey) == 0 {
			break
		}
		page = &query.PageRequest{Limit: 3, Key: resp.Pagination.NextKey}
	}
	require.Empty(t, want)
	require.Equal(t, order, found, "newest first")
	require.Equal(t, 3, pages)

	_, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{
		Operator: operator(0).String(), Pagination: &query.PageRequest{Limit: 201},
	})
	require.ErrorContains(t, err, "pages of at most 200, found 201")
	_, err = f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(50).String()})
	require.Equal(t, codes.NotFound, status.Code(err))
	_, err = f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: "x"})
	require.Error(t, err)
}

func TestAssignmentsPagesAreComplete(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100_000, 16)
	for n := 1; n < 3; n++ {
		f.register(n, 100_000, 16)
	}
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	want := map[string]bool{}
	for range 5 {
		want[f.post(0, spec(coin(10), 3))] = true
	}
	f.blocks(seedDelay)
	for id := range want {
		require.NoError(t, f.claim(0, ref(id, 0)))
	}
	page := &query.PageRequest{Limit: 2}
	for page != nil {
		resp, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(0).String(), Pagination: page})
		require.NoError(t, err)
		for _, item := range resp.Items {
			require.True(t, want[item.Ref.JobId], "%s was listed twice", item.Ref.JobId)
			delete(want, item.Ref.JobId)
		}
		page = nil
		if key := resp.Pagination.NextKey; len(key) > 0 {
			page = &query.PageRequest{Limit: 2, Key: key}
		}
	}
	require.Empty(t, want)
}

func TestQueriesOfThingsThatAreNotThereSaySo(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(10), 3))
	_, err := f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: "7-7-7"})
	require.ErrorContains(t, err, "no job 7-7-7")
	_, err = f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: "x"})
	require.ErrorContains(t, err, "height-tx-n")
	_, err = f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id, Task: 7})
	require.ErrorContains(t, err, "has tasks 0 to 0, found 7")
	_, err = f.queries.Receipt(f.ctx, &types.QueryReceiptRequest{JobId: id})
	require.ErrorContains(t, err, "has not ended")
	_, err = f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: "x"})
	require.ErrorContains(t, err, "operator")
	_, err = f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
	require.NoError(t, err)
	_, err = f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id})
	require.ErrorContains(t, err, "its receipt says how")
}

func TestInvariantsAreShownAndName(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.post(0, spec(coin(10), 3))
	resp, err := f.queries.Invariants(f.ctx, &types.QueryInvariantsRequest{})
	require.NoError(t, err)
	require.Len(t, resp.Invariants, 8)
	for _, line := range resp.Invariants {
		require.True(t, line.Ok, "%s: %s", line.Name, line.Detail)
	}
	// An extra coin in escrow is noticed.
	f.fund(requester(1), coin(1))
	require.NoError(t, f.bank.SendCoinsFromAccountToModule(f.ctx, requester(1), types.ModuleName, sdkCoins(1)))
	resp, err = f.queries.Invariants(f.ctx, &types.QueryInvariantsRequest{})
	require.NoError(t, err)
	require.False(t, resp.Invariants[0].Ok)
	require.Contains(t, resp.Invariants[0].Detail, "escrow holds 36atfuel and owes 35atfuel")
}

// Queries do not cost gas, so one query must not return everything at once.
func TestPagesOfQueriesAreBounded(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	page := func(limit uint64) *query.PageRequest { return &query.PageRequest{Limit: limit} }
	for name, c := range map[string]struct {
		most uint64
		ask  func(*query.PageRequest) error
	}{
		"assignments": {200, func(p *query.PageRequest) error {
			_, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(0).String(), Pagination: p})
			return err
		}},
		"draws": {200, func(p *query.PageRequest) error {
			_, err := f.queries.Draws(f.ctx, &types.QueryDrawsRequest{Class: class, Pagination: p})
			return err
		}},
		"jobs": {1_000, func(p *query.PageRequest) error {
			_, err := f.queries.Jobs(f.ctx, &types.QueryJobsRequest{Requester: requester(0).String(), Pagination: p})
			return err
		}},
		"task bits": {1_000, func(p *query.PageRequest) error {
			_, err := f.queries.TaskBits(f.ctx, &types.QueryTaskBitsRequest{JobId: id, Pagination: p})
			return err
		}},
	} {
		require.NoError(t, c.ask(page(c.most)), name)
		require.ErrorContains(t, c.ask(page(c.most+1)), "expected pages of at most", name)
	}
}
