package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// contradictions returns how many results of a node were found wrong.
func (f *fixture) contradictions(n int) uint64 {
	f.t.Helper()
	node, err := f.nodes.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	require.True(f.t, node.State.Locked.IsZero())
	return node.State.Faults.Wrong
}

// TestAMajorityThatGivesUpEarnsAttemptsAndAccusesNoNode: two nodes say without working that the
// program has failed. They earn as much as a node of a task without a verdict, and so does the
// honest third, which comes no nearer to jail.
func TestAMajorityThatGivesUpEarnsAttemptsAndAccusesNoNode(t *testing.T) {
	f := nobodyVouches(t, 3)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.players(honest, gives, gives), id, 30)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, "3200", job.Refunded.String(), "all but three attempt fees")
	r := f.receipt(id)
	require.Equal(t, types.GUARANTEE_MAJORITY, r.Guarantee)
	require.EqualValues(t, 1, r.ExitCode)
	require.EqualValues(t, 1, r.FailedTasks)
	for n := range 3 {
		o := f.outcomes(id)[operator(n).String()]
		require.Equal(t, types.ASSIGNMENT_STATUS_PAID, o.Status)
		require.Equal(t, "100", o.Paid.String(), "node %d", n)
		require.True(t, o.Slashed.IsZero() && o.Share.IsZero())
		require.Equal(t, "88atfuel", f.earned(n).String(), "node %d", n)
		require.Zero(t, f.contradictions(n), "node %d", n)
	}
}

// TestAFailureIsPaidWhereALieIsSlashedAndUnderTrust: all executors, and all nodes that take a risk
// of their own, are paid for failures as for other results.
func TestAFailureIsPaidWhereALieIsSlashedAndUnderTrust(t *testing.T) {
	vouched := func(f *fixture, _ *types.JobSpec) {
		f.setParams(func(p *types.Params) { p.DeterministicExecutors = []string{"wasm/1"} })
	}
	for name, change := range map[string]func(*fixture, *types.JobSpec){
		"executor": vouched,
		"own risk": func(_ *fixture, s *types.JobSpec) { s.Policy.OwnRisk = true },
		"program": func(f *fixture, s *types.JobSpec) {
			f.setParams(func(p *types.Params) { p.DeterministicPrograms = [][]byte{s.Program.Sha256} })
		},
		"trust":          func(_ *fixture, s *types.JobSpec) { s.Policy = trusted("").Policy },
		"trust, vouched": func(f *fixture, s *types.JobSpec) { s.Policy = trusted("").Policy; vouched(f, s) },
	} {
		t.Run(name, func(t *testing.T) {
			f := nobodyVouches(t, 3)
			f.exit = 3
			s := spec(coin(1_000), 3)
			change(f, &s)
			id := f.post(0, s)
			job := f.play(f.everyone(3, honest), id, 40)
			require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
			r := f.receipt(id)
			require.EqualValues(t, 3, r.ExitCode)
			require.Zero(t, r.FailedTasks)
			for _, o := range r.Outcomes {
				require.Equal(t, "1000", o.Paid.String())
			}
		})
	}
}

// TestAFailureCostsNoLessThanItsSeats: a requester whose program fails where it was drawn does not
// draw for less than one that gives up a draw.
func TestAFailureCostsNoLessThanItsSeats(t *testing.T) {
	f := nobodyVouches(t, 3)
	f.exit = 3
	f.setParams(func(p *types.Params) { p.AttemptFeeBps = 100 })
	f.setParams(func(p *types.Params) { p.MinLiability = p.MinLiability.MulRaw(100) })
	id := f.post(0, spec(coin(1_000), 3))
	require.Equal(t, "50", f.job(id).SeatFee.String(), "a hundredth of the liability")
	job := f.play(f.everyone(3, honest), id, 30)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	r := f.receipt(id)
	for _, o := range r.Outcomes {
		require.Equal(t, "10", o.Paid.String())
	}
	require.Equal(t, "120", r.Burned.String(), "three seats of 50, less three attempts of 10")
	require.Equal(t, "3100", job.Refunded.String())
}

// TestSilenceIsNoGainForThoseThatFail: a node that stays silent loses its liability, and no node
// that has failed receives a share of it.
func TestSilenceIsNoGainForThoseThatFail(t *testing.T) {
	f := nobodyVouches(t, 3)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.players(silent, gives, gives), id, 30)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, "9900", f.bond(0).String())
	for n := 1; n < 3; n++ {
		require.True(t, f.outcomes(id)[operator(n).String()].Share.IsZero())
	}
}

// everyThird fails in one of three tasks.
func everyThird(task uint64) bool { return task%3 == 0 }

func TestFailedTasksOfAChunkEarnAttempts(t *testing.T) {
	f := nobodyVouches(t, 3)
	f.exit, f.fails = 3, everyThird
	s := quorumChunk(9)
	s.Policy.Samples = 0
	id := f.post(0, s)
	players := f.everyone(3, honest)
	players[0].does = gives
	job := f.play(players, id, 60)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	r := f.receipts[id][0]
	require.EqualValues(t, 3, r.FailedTasks)
	require.Zero(t, r.ExitCode)
	for _, o := range r.Outcomes {
		want := "630" // six rewards of 100 and three attempts
		if o.Operator == operator(0).String() {
			want = "30" // what the others earn for failed tasks
		}
		require.Equal(t, want, o.Paid.String(), o.Operator)
	}
	for n := range 3 {
		require.Zero(t, f.contradictions(n), "the nodes may differ about tasks that have failed")
	}
}

// stating lets the drawn nodes of a chunk commit to its result, each with a number of failed
// tasks, and returns their reveals in the same order.
func (f *fixture) stating(id string, players []player, numbers ...uint32) []types.RevealItem {
	f.t.Helper()
	f.until(players, func() bool { return len(f.task(id).Rounds[0].Replicas) == len(numbers) })
	shown := make([]types.RevealItem, len(numbers))
	for i, n := range f.drawn(id) {
		p, item := players[n], f.held(n)
		commit, reveal := p.commitChunk(item), p.revealChunk(item)
		reveal.FailedTasks = numbers[i]
		commit.Commitment = types.Commitment(operator(n), reveal.Tag, numbers[i], p.salt())
		require.NoError(f.t, p.sendCommit(commit))
		shown[i] = reveal
	}
	f.next()
	return shown
}

// TestTheNumberOfFailedTasksIsPartOfTheVote: a node cannot have the result of the others paid in
// full by hiding which of its tasks have failed, and cannot change its mind when it reveals.
func TestTheNumberOfFailedTasksIsPartOfTheVote(t *testing.T) {
	f := nobodyVouches(t, 3)
	f.exit, f.fails = 3, everyThird
	id := f.post(0, quorumChunk(9))
	players := f.everyone(3, honest)
	shown := f.stating(id, players, 0, 3, 3)
	for i, n := range f.drawn(id) {
		other := shown[i]
		other.FailedTasks++
		require.ErrorIs(t, f.unchanged(func() error { return players[n].sendReveal(other) }), types.ErrRevealMismatch)
		require.NoError(t, players[n].sendReveal(shown[i]))
	}
	f.next()
	r := f.receipts[id][0]
	require.EqualValues(t, 3, r.FailedTasks)
	for i, want := range []string{"30", "630", "630"} {
		require.Equal(t, want, r.Outcomes[i].Paid.String())
	}
}

// TestTheNumberOfFailedTasksDoesNotCountWhereALieIsSlashed: replicas with one root agree there,
// whatever they state.
func TestTheNumberOfFailedTasksDoesNotCountWhereALieIsSlashed(t *testing.T) {
	f := chunkNetwork(t, 7)
	f.exit, f.fails = 3, everyThird
	id := f.post(0, quorumChunk(9))
	players := f.everyone(7, honest)
	shown := f.stating(id, players, 0, 9, 3)
	for i, n := range f.drawn(id) {
		require.NoError(t, players[n].sendReveal(shown[i]))
	}
	f.next()
	r := f.receipts[id][0]
	require.Zero(t, r.FailedTasks)
	require.Len(t, r.Outcomes, 3)
	for _, o := range r.Outcomes {
		require.Equal(t, "900", o.Paid.String())
	}
}

// TestFailedTasksAreStatedWithTheRootOfAQuorum: of a single result, none are stated, and of a
// chunk at most as many as it has.
func TestFailedTasksAreStatedWithTheRootOfAQuorum(t *testing.T) {
	f := nobodyVouches(t, 3)
	players := f.everyone(3, honest)
	id := f.post(0, quorumChunk(9))
	shown := f.stating(id, players, 10, 9, 0)
	for i, want := range []error{types.ErrRevealMismatch, nil, nil} {
		require.ErrorIs(t, players[f.drawn(id)[i]].sendReveal(shown[i]), want)
	}

	f = nobodyVouches(t, 3)
	players = f.everyone(3, honest)
	id = f.post(0, spec(coin(100), 3))
	ref := types.ChunkRef{JobId: id}
	f.until(players, func() bool { return f.task(id).Rounds[0].Phase == types.ROUND_PHASE_REVEAL })
	p := players[f.drawn(id)[0]]
	item := types.RevealItem{Ref: ref, Tag: p.tag(ref), Salt: p.salt(), Metrics: p.metrics(), FailedTasks: 1}
	require.ErrorIs(t, f.unchanged(func() error { return p.sendReveal(item) }), types.ErrRevealMismatch)
	item.FailedTasks = 0
	require.NoError(t, p.sendReveal(item))
}

func TestAQuoteSaysWhatAFailureEarns(t *testing.T) {
	f := nobodyVouches(t, 7)
	ask := func(change func(*types.QueryQuoteRequest)) *types.QueryQuoteResponse {
		s := spec(coin(1_000), 3)
		req := types.NewQuoteRequest(&s)
		change(req)
		resp, err := f.queries.Quote(f.ctx, req)
		require.NoError(t, err)
		return resp
	}
	for name, c := range map[string]struct {
		change    func(*types.QueryQuoteRequest)
		guarantee types.Guarantee
		pay       string
	}{
		"majority": {func(*types.QueryQuoteRequest) {}, types.GUARANTEE_MAJORITY, "100atfuel"},
		"own risk": {func(r *types.QueryQuoteRequest) { r.OwnRisk = true }, types.GUARANTEE_EXACT, "1000atfuel"},
		"trust": {func(r *types.QueryQuoteRequest) {
			r.Kind, r.Replicas = types.POLICY_KIND_TRUST, 1
		}, types.GUARANTEE_TRUSTED, "1000atfuel"},
	} {
		resp := ask(c.change)
		require.Equal(t, c.guarantee, resp.Guarantee, name)
		require.Equal(t, c.pay, resp.FailedPay.String(), name)
	}
}
