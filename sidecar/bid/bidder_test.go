package bid

import (
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	self    = "theta1self"
	testNow = 100 // height of the bidder in tests
)

// healthy returns the health of something that works.
func healthy() *Health { return &Health{Works: true} }

// newBidder returns a node that accepts every draw.
func newBidder() *Bidder {
	return &Bidder{
		Operator: self, Height: testNow, Params: computetypes.Params{RevealBlocks: 10},
		Policy: Policy{MaxJobs: 1, Trust: TrustNamed}, Shuns: NewShuns(nil),
	}
}

// newDraw returns a draw that a node wants and of which every fact is known.
func newDraw(job string, rank byte) Draw {
	return Draw{
		Ref: computetypes.ChunkRef{JobId: job}, CloseHeight: testNow + 10, Rank: []byte{rank}, Leading: true,
		Earlier: &Earlier{}, Executor: healthy(), Sink: healthy(),
		Job: &Job{Requester: "theta1payer", Liability: math.NewInt(10), Spec: &computetypes.JobSpec{
			Executor: "wasm/1", Program: computetypes.Blob{Sha256: []byte("program of " + job), Size_: 100},
			Resources: computetypes.Resources{Fuel: 50, MemoryBytes: 1, OutputBytes: 200}, CommitBlocks: 20,
			Policy: computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3},
			Reward: sdk.NewInt64Coin("atfuel", 5), Sink: "https://relay.example/box",
		}},
	}
}

func TestEachRuleLeavesADrawForItsReason(t *testing.T) {
	crashed := newDraw("1-0-0", 1)
	for name, c := range map[string]struct {
		change  func(*Bidder, *Draw)
		cause   Cause
		reason  string
		routine bool
	}{
		"wanted":         {func(*Bidder, *Draw) {}, CauseNone, "", false},
		"held":           {func(_ *Bidder, d *Draw) { d.Held = true }, CauseHeld, "has claimed it", true},
		"closing":        {func(_ *Bidder, d *Draw) { d.CloseHeight = testNow + 1 }, CauseClosing, "closes before", true},
		"just open":      {func(_ *Bidder, d *Draw) { d.CloseHeight = testNow + 2 }, CauseNone, "", false},
		"outranked":      {func(_ *Bidder, d *Draw) { d.Leading = false }, CauseOutranked, "lower ranks for all its replicas", false},
		"refused before": {func(_ *Bidder, d *Draw) { d.Earlier = &Earlier{Over: true, Reason: "claim refused: no"} }, CauseEarlier, "claim refused: no", false},
		"job": {
			func(b *Bidder, d *Draw) { b.Shuns.LeaveJob(d.Ref.JobId, testNow, 5, "not done in time") }, CauseJob,
			"until height 105: not done in time", false,
		},
		"another job": {func(b *Bidder, _ *Draw) { b.Shuns.LeaveJob("2-0-0", testNow, 5, "not done in time") }, CauseNone, "", false},
		"program": {
			func(b *Bidder, _ *Draw) { b.Shuns.Crashed(crashed.Job.Spec, "", "signal", testNow) }, CauseCrash,
			"has ended a worker or failed a device of this machine (1 times): signal", false,
		},
		"requester": {func(b *Bidder, d *Draw) {
			other := *d.Job.Spec
			other.Program.Sha256 = []byte("another")
			b.Shuns.Crashed(&other, d.Job.Requester, "signal", testNow)
		}, CauseCrash, "because requester/theta1payer has ended", false},
		"host": {
			func(b *Bidder, _ *Draw) { b.Policy.Hosts = listed{"https://other.example/"} }, CauseHost,
			"names https://relay.example/box, which is not in egress.hosts", false,
		},
		"host on the list": {func(b *Bidder, _ *Draw) { b.Policy.Hosts = listed{"https://relay.example/"} }, CauseNone, "", false},
		"host led elsewhere": {func(b *Bidder, _ *Draw) {
			b.Strays = led{"https://relay.example/box": testNow + 1}
		}, CauseHost, "names relay.example, which leads to cdn.example, which is not in egress.hosts", false},
		"host led elsewhere before": {func(b *Bidder, _ *Draw) {
			b.Strays = led{"https://relay.example/box": testNow}
		}, CauseNone, "", false},
		"no executor":   {func(_ *Bidder, d *Draw) { d.Executor = &Health{Why: "this machine has not"} }, CauseExecutor, "needs an executor for wasm/1, which this machine has not", false},
		"denied":        {func(b *Bidder, d *Draw) { b.Policy.DenyRequesters = []string{d.Job.Requester} }, CausePolicy, "policy.deny-requesters", false},
		"sink awaited":  {func(_ *Bidder, d *Draw) { d.Sink = &Health{} }, CauseSinkAwaited, "has not answered yet", true},
		"sink fails":    {func(_ *Bidder, d *Draw) { d.Sink = &Health{Why: "timeout"} }, CauseSink, "its results could not be delivered: timeout", false},
		"judges' sink":  {func(_ *Bidder, d *Draw) { d.Job.Spec.Sink, d.Sink = "", nil }, CauseNone, "", false},
		"facts missing": {func(_ *Bidder, d *Draw) { d.Sink = nil }, CauseUnknown, "not all is known", true},
	} {
		b, d := newBidder(), newDraw("1-0-0", 1)
		c.change(b, &d)
		list := b.Shortlist([]Draw{d})
		if c.cause == CauseNone {
			require.Len(t, list.Wanted, 1, name)
			require.Empty(t, list.Left, name)
			continue
		}
		require.Empty(t, list.Wanted, name)
		require.Len(t, list.Left, 1, name)
		require.Equal(t, c.cause, list.Left[0].Cause, name)
		require.Contains(t, list.Left[0].Reason, c.reason, name)
		require.Equal(t, c.routine, c.cause.Routine(), name)
	}
}

// TestFactsAreAskedForOneByOneAndOnlyWhereTheyCount: a fact that costs a query is not asked
// for if the draw is left to other nodes anyway.
func TestFactsAreAskedForOneByOneAndOnlyWhereTheyCount(t *testing.T) {
	b, full := newBidder(), newDraw("1-0-0", 1)
	d := Draw{Ref: full.Ref, CloseHeight: full.CloseHeight, Rank: full.Rank, Leading: true}
	require.Equal(t, FactEarlier, b.Missing(&d))
	d.Earlier = &Earlier{}
	require.Equal(t, FactJob, b.Missing(&d))
	d.Job = full.Job
	require.Equal(t, FactExecutor, b.Missing(&d))
	d.Executor = healthy()
	require.Equal(t, FactSink, b.Missing(&d))
	d.Sink = &Health{}
	require.Equal(t, FactNone, b.Missing(&d))

	for name, change := range map[string]func(*Bidder, *Draw){
		"held":      func(_ *Bidder, d *Draw) { d.Held = true },
		"closing":   func(_ *Bidder, d *Draw) { d.CloseHeight = testNow },
		"outranked": func(_ *Bidder, d *Draw) { d.Leading = false },
		"tried":     func(_ *Bidder, d *Draw) { d.Earlier = &Earlier{Over: true} },
		"job":       func(b *Bidder, d *Draw) { d.Earlier = &Earlier{}; b.Shuns.LeaveJob(d.Ref.JobId, testNow, 5, "") },
		"crash": func(b *Bidder, d *Draw) {
			d.Earlier, d.Job = &Earlier{}, full.Job
			b.Shuns.Crashed(full.Job.Spec, "", "", testNow)
		},
		"executor":      func(_ *Bidder, d *Draw) { d.Earlier, d.Job, d.Executor = &Earlier{}, full.Job, &Health{Why: "x"} },
		"not wanted":    func(b *Bidder, d *Draw) { *d = full; d.Sink = nil; b.Policy.MaxFuel = 1 },
		"a judge's job": func(_ *Bidder, d *Draw) { *d = newDraw("1-0-0", 1); d.Sink, d.Job.Spec.Sink = nil, "" },
	} {
		b, d := newBidder(), Draw{Ref: full.Ref, CloseHeight: full.CloseHeight, Rank: full.Rank, Leading: true}
		change(b, &d)
		require.Equal(t, FactNone, b.Missing(&d), name)
	}
}

// led contains addresses whose host has led to another one until a height.
type led map[string]int64

func (l led) Leads(address string, height int64) (host, to string) {
	if height < l[address] {
		return "relay.example", "cdn.example"
	}
	return "", ""
}

// listed contains the addresses that begin with one of its texts.
type listed []string

func (l listed) Outside(address string) string {
	for _, begin := range l {
		if strings.HasPrefix(address, begin) {
			return ""
		}
	}
	return address
}

func TestEveryAddressThatAJobNamesHasToBeOnTheList(t *testing.T) {
	const good, bad = "https://good.example/", "https://bad.example/"
	for name, change := range map[string]func(*computetypes.JobSpec){
		"program":            func(s *computetypes.JobSpec) { s.Program.Uris = []string{bad} },
		"program's mirror":   func(s *computetypes.JobSpec) { s.Program.Uris = []string{good, bad} },
		"input":              func(s *computetypes.JobSpec) { s.Inputs[1].Blob.Uris[0] = bad },
		"input's mirror":     func(s *computetypes.JobSpec) { s.Inputs[0].Blob.Uris = []string{good, good, bad} },
		"inputs of an array": func(s *computetypes.JobSpec) { s.ArrayInput.Uris = []string{good, bad} },
		"sink":               func(s *computetypes.JobSpec) { s.Sink = bad + "{task}" },
	} {
		b, d := newBidder(), newDraw("1-0-0", 1)
		b.Policy.Hosts = listed{good}
		spec := d.Job.Spec
		spec.Program.Uris, spec.Sink = []string{good}, good
		spec.Inputs = []computetypes.Input{{Blob: computetypes.Blob{Uris: []string{good}}}, {Blob: computetypes.Blob{Uris: []string{good}}}}
		spec.ArrayInput = &computetypes.ArrayInput{Uris: []string{good}}
		require.Empty(t, b.Shortlist([]Draw{d}).Left, name)
		change(spec)
		list := b.Shortlist([]Draw{d})
		require.Empty(t, list.Wanted, name)
		require.Equal(t, CauseHost, list.Left[0].Cause, name)
		// It is decided before anything is asked of the machine or of a server.
		d.Executor, d.Sink = nil, nil
		require.Equal(t, FactNone, b.Missing(&d), name)
	}
}

func TestLowestRanksComeFirst(t *testing.T) {
	draws := []Draw{newDraw("1-0-0", 9), newDraw("3-0-0", 1), newDraw("2-0-0", 1), newDraw("4-0-0", 5)}
	want := []string{"2-0-0", "3-0-0", "4-0-0", "1-0-0"}
	for range 10 {
		rand.Shuffle(len(draws), func(i, j int) { draws[i], draws[j] = draws[j], draws[i] })
		var found []string
		for _, d := range newBidder().Shortlist(draws).Wanted {
			found = append(found, d.Ref.JobId)
		}
		require.Equal(t, want, found)
	}
}

func TestADrawThatWasReadTwiceCountsAsItWasReadLast(t *testing.T) {
	first, second := newDraw("1-0-0", 3), newDraw("1-0-0", 3)
	second.Leading = false
	list := newBidder().Shortlist([]Draw{first, newDraw("2-0-0", 1), second})
	require.Len(t, list.Wanted, 1)
	require.Len(t, list.Left, 1)
	require.Equal(t, CauseOutranked, list.Left[0].Cause)
}
