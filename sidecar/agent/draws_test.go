package agent

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestCommittedWorkFreesTheMachineForTheNext(t *testing.T) {
	w := newWorld(t)
	w.chain.othersCommit = false
	w.config.Policy = Policy{MaxJobs: 1, FuelPerBlock: 1000}
	for n := range 6 {
		w.chain.post(w.web, n)
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	committed := func() (n int) {
		for _, task := range w.chain.tasks {
			if task.a != nil && task.a.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED {
				n++
			}
		}
		return n
	}
	w.until("all slots of the node are committed", func() bool { return committed() == int(w.chain.slots) })
	w.chain.read(func() { w.chain.othersCommit = true })
	w.until("all are settled", func() bool {
		return !slices.ContainsFunc(w.chain.tasks, func(t *fakeTask) bool { return t.receipt == nil })
	})
}

func TestNodeClaimsNoMoreThanItCanRunInTime(t *testing.T) {
	w := newWorld(t)
	w.config.Policy = Policy{MaxJobs: 1, FuelPerBlock: 10}
	w.engine.hold = make(chan struct{})
	for n := range 4 {
		// A thousand blocks of work each, in a window of 2,500.
		task := w.chain.post(w.web, n)
		task.spec.Resources.Fuel, task.spec.PrepareBlocks, task.spec.CommitBlocks = 10_000, 5, 2500
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	require.Eventually(t, func() bool { return len(a.Status().Passed) > 0 }, patience, time.Millisecond)
	require.Contains(t, a.Status().Passed[0].Reason, "2 programs are before it at 10 fuel a block")
	w.until("two claims", func() bool { return w.chain.claims == 2 })
	height := a.Status().Height
	require.Eventually(t, func() bool { return a.Status().Height > height+20 }, patience, time.Millisecond)
	w.chain.read(func() { require.Equal(t, 2, w.chain.claims) })
	close(w.engine.hold)
}

func TestLowestRanksAreClaimedFirst(t *testing.T) {
	w := newWorld(t)
	w.config.Policy.MaxJobs = 2
	w.engine.hold = make(chan struct{})
	var tasks []*fakeTask
	for n, rank := range []byte{9, 3, 255, 5, 1} {
		task := w.chain.post(w.web, n)
		task.rank = rank
		tasks = append(tasks, task)
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.until("a batch", func() bool { return len(w.chain.batches) > 0 })
	w.chain.read(func() {
		require.Equal(t, []computetypes.TaskRef{tasks[4].ref, tasks[1].ref}, w.chain.batches[0].Claims)
	})
	require.Eventually(t, func() bool { return len(a.Status().Passed) == 3 }, patience, time.Millisecond)
	reasons := map[string]string{}
	for _, p := range a.Status().Passed {
		reasons[p.JobID] = p.Reason
	}
	require.Contains(t, reasons[tasks[2].ref.JobId], "lower ranks")
	require.Contains(t, reasons[tasks[0].ref.JobId], "no slot is free")
	close(w.engine.hold)
}

func TestAllOpenDrawsAreLookedThroughInTurn(t *testing.T) {
	w := newWorld(t)
	w.chain.page = 5
	w.config.Policy.MinRewards = sdk.NewCoins(sdk.NewInt64Coin("atfuel", 1000))
	oldest := w.chain.post(w.web, 0)
	for n := range 60 {
		w.chain.post(w.web, n+1).spec.Reward.Amount = sdk.NewInt64Coin("atfuel", 1).Amount
	}
	defer w.chain.blocks(2 * time.Millisecond)()
	a, stop := w.run()
	defer stop()
	w.untilPhase(oldest, store.PhaseSettled)
	newest := w.chain.post(w.web, 1000)
	w.untilPhase(newest, store.PhaseSettled)
	w.chain.read(func() { require.Equal(t, 2, w.chain.claims, "only those that pay enough") })
	require.NotEmpty(t, a.Status().Passed)
	require.LessOrEqual(t, len(a.Status().Passed), maxPassed)
	require.Contains(t, a.Status().Passed[0].Reason, "pays 1atfuel, less than 1000atfuel")
}

func TestOwnerDecidesWhomToTrust(t *testing.T) {
	const me, other = "theta1me", "theta1other"
	program := blob.DigestOf([]byte("program"))
	trust := func(node string) computetypes.Policy {
		return computetypes.Policy{Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, Node: node, ReviewBlocks: 5}
	}
	risky := computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, OwnRisk: true}
	vouched := computetypes.Params{DeterministicPrograms: [][]byte{program[:]}}
	for name, c := range map[string]struct {
		policy Policy
		job    computetypes.Policy
		params computetypes.Params
		why    string
	}{
		"quorum":                       {Policy{Trust: TrustOff}, computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM}, computetypes.Params{}, ""},
		"trust off":                    {Policy{Trust: TrustOff}, trust(me), computetypes.Params{}, "policy.trust is off"},
		"trust named":                  {Policy{Trust: TrustNamed}, trust(me), computetypes.Params{}, ""},
		"trust named, nobody named":    {Policy{Trust: TrustNamed}, trust(""), computetypes.Params{}, "without naming this node"},
		"trust named, another named":   {Policy{Trust: TrustNamed}, trust(other), computetypes.Params{}, "without naming this node"},
		"trust any":                    {Policy{Trust: TrustAny}, trust(""), computetypes.Params{}, ""},
		"own risk":                     {Policy{}, risky, computetypes.Params{}, "policy.own-risk-programs"},
		"own risk, owner vouches":      {Policy{OwnRiskPrograms: []blob.Digest{program}}, risky, computetypes.Params{}, ""},
		"own risk, other program":      {Policy{OwnRiskPrograms: []blob.Digest{{1}}}, risky, computetypes.Params{}, program.String()},
		"own risk, governance vouches": {Policy{}, risky, vouched, ""},
		"own risk, executor vouches":   {Policy{}, risky, computetypes.Params{DeterministicExecutors: []string{"wasm/1"}}, ""},
		"requester denied":             {Policy{DenyRequesters: []string{other, "theta1payer"}}, computetypes.Policy{}, computetypes.Params{}, "policy.deny-requesters"},
	} {
		j := job{requester: "theta1payer", spec: &computetypes.JobSpec{
			Executor: "wasm/1", Policy: c.job, Program: computetypes.Blob{Sha256: program[:]}, Reward: sdk.NewInt64Coin("atfuel", 1),
		}}
		why := c.policy.refusal(j, me, c.params)
		if c.why == "" {
			require.Empty(t, why, name)
		} else {
			require.Contains(t, why, c.why, name)
		}
	}
}

func TestInputOfAnArrayCountsWithItsLargest(t *testing.T) {
	spec := &computetypes.JobSpec{
		Program: computetypes.Blob{Size_: 10}, ArrayInput: &computetypes.ArrayInput{MaxBytes: 90},
		Reward: sdk.NewInt64Coin("atfuel", 1),
	}
	require.Empty(t, Policy{MaxInputBytes: 100}.exceeded(spec))
	require.Contains(t, Policy{MaxInputBytes: 99}.exceeded(spec), "100 input bytes, more than 99")
}

// Whatever is taken on one after the other, the most urgent first on as many places
// as there are, is done before its deadline.
func TestWhatFitsIsDoneInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{MaxJobs: rapid.IntRange(1, 4).Draw(t, "places"), FuelPerBlock: rapid.Uint64Range(1, 20).Draw(t, "rate")}
		var taken []stint
		for range rapid.IntRange(1, 12).Draw(t, "offers") {
			offer := stint{fuel: rapid.Uint64Range(1, 200).Draw(t, "fuel"), deadline: 100 + rapid.Int64Range(1, 40).Draw(t, "deadline")}
			if p.fits(taken, offer, 100) {
				taken = append(taken, offer)
			}
		}
		slices.SortStableFunc(taken, func(x, y stint) int { return int(x.deadline - y.deadline) })
		busy := make([]uint64, p.MaxJobs) // fuel burnt on each place
		for _, s := range taken {
			place := slices.Index(busy, slices.Min(busy))
			busy[place] += s.fuel
			if done := float64(busy[place]) / float64(p.FuelPerBlock); done > float64(s.deadline-100) {
				t.Fatalf("%+v of %+v is done after %v blocks with %+v", s, taken, done, p)
			}
		}
	})
}

func TestARunningProgramIsNotInterruptedForAnUrgentOne(t *testing.T) {
	p := Policy{MaxJobs: 1, FuelPerBlock: 10}
	urgent := stint{fuel: 10, deadline: 5}
	require.False(t, p.fits([]stint{{fuel: 100, deadline: 1000, running: true}}, urgent, 0))
	require.True(t, p.fits([]stint{{fuel: 100, deadline: 1000}}, urgent, 0))
}

func TestAnyProgramFitsWithoutARate(t *testing.T) {
	p := Policy{MaxJobs: 1}
	require.True(t, p.fits([]stint{{fuel: 1 << 50, deadline: 5}}, stint{fuel: 1 << 50, deadline: 5}, 4))
}
