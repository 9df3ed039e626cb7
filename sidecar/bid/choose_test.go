package bid

import (
	"bytes"
	stdmath "math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// newRoom returns enough room for everything that the tests offer.
func newRoom() Room {
	return Room{
		Slots: 10, Bond: math.NewInt(1_000), Fees: AllFees(time.Time{}), DiskBytes: 1 << 20, DiskFolder: "/home/work",
		Now: time.Unix(1_000_000, 0).UTC(),
	}
}

func TestEachShortageLeavesADrawForItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Bidder, *Room)
		claims int
		cause  Cause
		reason string
	}{
		"room for all": {func(*Bidder, *Room) {}, 3, CauseNone, ""},
		"slots":        {func(_ *Bidder, r *Room) { r.Slots = 2 }, 2, CauseSlots, "no slot is free: 2 were, for draws before this one"},
		"bond":         {func(_ *Bidder, r *Room) { r.Bond = math.NewInt(29) }, 2, CauseBond, "locks 10 of the bond, 9 is free"},
		"time": {
			func(b *Bidder, _ *Room) { b.Policy.FuelPerBlock = 7 }, 2, CauseTime,
			"asks for 50 fuel in 20 blocks, and 2 programs are before it at 7 fuel a block",
		},
		"time for what is held": {func(b *Bidder, r *Room) {
			b.Policy.FuelPerBlock, r.Ahead = 10, []Program{{Fuel: 100, Deadline: testNow + 50, Running: true}}
		}, 1, CauseTime, "2 programs are before it"},
		"fees":     {func(_ *Bidder, r *Room) { r.Fees = Fees{Assignments: 1, Why: "the purse is empty"} }, 1, CauseFees, "the purse is empty"},
		"no grant": {func(_ *Bidder, r *Room) { r.Fees = NoFees("no grant") }, 0, CauseFees, "no grant"},
		"no fees":  {func(_ *Bidder, r *Room) { r.Fees = Fees{} }, 0, CauseFees, "nothing pays its fees"},
		"grant ends": {
			func(_ *Bidder, r *Room) { r.Fees = AllFees(r.Now.Add(179 * time.Second)) }, 0, CauseFees,
			"the fee grant ends at 1970-01-12T13:49:39Z, perhaps before the task does; run thetaedge register",
		},
		"grant lasts": {func(_ *Bidder, r *Room) { r.Fees = AllFees(r.Now.Add(180 * time.Second)) }, 3, CauseNone, ""},
		"line": {
			// A task may move 100 bytes of inputs and 200 of outputs.
			func(_ *Bidder, r *Room) { r.Line = &Line{Most: 5_000, Left: 899} }, 2, CauseLine,
			"may move 300 bytes over the network, and 299 of the 5000 of egress.max-day are left today",
		},
		"the line is spent": {func(_ *Bidder, r *Room) { r.Line = &Line{Most: 5_000} }, 0, CauseLine, "0 of the 5000"},
		"line with room":    {func(_ *Bidder, r *Room) { r.Line = &Line{Most: 5_000, Left: 900} }, 3, CauseNone, ""},
		"disk": {
			func(_ *Bidder, r *Room) { r.DiskBytes = 1_499 }, 2, CauseDisk,
			"may take 500 bytes of disk, and beside a reserve of 1073741824 for what is held 499 are free at /home/work",
		},
	} {
		b, room := newBidder(), newRoom()
		c.change(b, &room)
		done := b.Choose(b.Shortlist([]Draw{newDraw("3-0-0", 3), newDraw("1-0-0", 1), newDraw("2-0-0", 2)}), room)
		require.Len(t, done.Claims, c.claims, name)
		require.Len(t, done.Left, 3-c.claims, name)
		for i, d := range done.Claims {
			require.Equal(t, []byte{byte(i + 1)}, d.Rank, name)
		}
		if c.cause != CauseNone {
			require.Equal(t, c.cause, done.Left[0].Cause, name)
			require.Contains(t, done.Left[0].Reason, c.reason, name)
			require.False(t, c.cause.Routine(), name)
		}
	}
}

func TestTheLeastLackOfDiskIsTold(t *testing.T) {
	b, room := newBidder(), newRoom()
	small, large := newDraw("1-0-0", 2), newDraw("2-0-0", 1)
	large.Job.Spec.Resources.OutputBytes = 5_000
	room.DiskBytes = Footprint(small.Job.Spec, 1) - 3
	done := b.Choose(b.Shortlist([]Draw{small, large}), room)
	require.Empty(t, done.Claims)
	require.Equal(t, uint64(3), done.LackingBytes)
	room.DiskBytes = 1 << 20
	require.Zero(t, b.Choose(b.Shortlist([]Draw{small, large}), room).LackingBytes)
}

// TestADrawThatDoesNotFitLeavesTheRoomToTheNext: smaller jobs behind a large job that does not
// fit can still use the room.
func TestADrawThatDoesNotFitLeavesTheRoomToTheNext(t *testing.T) {
	b, room := newBidder(), newRoom()
	large, small := newDraw("1-0-0", 1), newDraw("2-0-0", 2)
	large.Job.Liability = math.NewInt(1_001)
	done := b.Choose(b.Shortlist([]Draw{large, small}), room)
	require.Equal(t, []Draw{small}, done.Claims)
	require.Equal(t, CauseBond, done.Left[0].Cause)
}

// TestADrawLocksWhatTheChainListsForIt: an audit locks less than a whole chunk. A number that is
// missing, or more than the job's, is not believed.
func TestADrawLocksWhatTheChainListsForIt(t *testing.T) {
	b, room := newBidder(), newRoom()
	audit := newDraw("1-0-0", 1)
	audit.Job.Liability, room.Bond = math.NewInt(900), math.NewInt(800)
	for listed, want := range map[int64]Cause{800: CauseNone, 801: CauseBond, 1_000: CauseBond, 0: CauseBond, -1: CauseBond} {
		audit.Liability = math.NewInt(listed)
		cause, _ := b.lacks(&audit, room, room)
		require.Equal(t, want, cause, "%d", listed)
	}
	audit.Liability = math.Int{}
	cause, _ := b.lacks(&audit, room, room)
	require.Equal(t, CauseBond, cause, "not listed")
}

func TestTheOwnerIsToldEachReasonOncePerJob(t *testing.T) {
	b := newBidder()
	b.Policy.MaxFuel = 1
	var draws []Draw
	for n := range 5 {
		d := newDraw("1-0-0", 1)
		d.Ref.Task = uint64(n)
		draws = append(draws, d)
	}
	held := newDraw("2-0-0", 1)
	held.Held = true
	done := b.Choose(b.Shortlist(append(draws, held)), newRoom())
	require.Equal(t, []Passed{{JobID: "1-0-0", Draws: 5, Reason: "asks for 50 fuel, more than 1", Height: 7}}, done.Passed(7))

	for n := range 2 * maxPassed {
		d := newDraw("3-0-0", 1)
		d.Ref.Task = uint64(n)
		d.Job.Spec.Resources.Fuel = uint64(1_000 + n)
		draws = append(draws, d)
	}
	done = b.Choose(b.Shortlist(draws), newRoom())
	require.Len(t, done.Passed(7), maxPassed)
	require.Len(t, done.Left, len(draws), "what is not told is left all the same")
}

func TestHoldingsTakeSlotsFeesAndDisk(t *testing.T) {
	program := Program{Fuel: 5, Deadline: 9}
	held := Holdings{
		{ToRun: true, Waiting: true, Program: program, DiskBytes: 100, OwesFees: true},
		{ToRun: true, Program: program, DiskBytes: 10, OwesFees: true},
		{ToRun: true, OwesFees: true}, // its job was not read yet
		{OwesFees: true},              // committed
		{},                            // revealed and opened
	}
	node := edgenodetypes.NodeState{Slots: 10, UsedSlots: 4}
	require.Equal(t, 5, held.FreeSlots(node, Policy{MaxJobs: 1, FuelPerBlock: 1}), "one more is on its way to the chain")
	require.Equal(t, 1, held.FreeSlots(node, Policy{MaxJobs: 4}), "without a rate no more than runs at once")
	require.Equal(t, []Program{program, program}, held.Ahead())
	require.Equal(t, 4, held.Unpaid())
	require.Equal(t, uint64(40), held.FreeDisk(DiskReserve+150))
	require.Zero(t, held.FreeDisk(DiskReserve+109))
	require.Zero(t, held.FreeDisk(5))
}

func TestFeesAreBoundByTheShortestPurse(t *testing.T) {
	fees := AllFees(time.Time{})
	require.Equal(t, stdmath.MaxInt, fees.Assignments)
	fees.Bound(math.NewInt(109), math.NewInt(10), 2, "grant")
	require.Equal(t, Fees{Assignments: 8, Why: "grant"}, fees)
	fees.Bound(math.NewInt(200), math.NewInt(10), 2, "day")
	require.Equal(t, "grant", fees.Why)
	fees.Bound(math.NewInt(15), math.NewInt(10), 2, "day")
	require.Equal(t, Fees{Why: "day"}, fees)
	fees = AllFees(time.Time{})
	fees.Bound(math.NewInt(10).Mul(math.NewInt(stdmath.MaxInt64)), math.NewInt(1), 2, "more than can be counted")
	require.Equal(t, stdmath.MaxInt, fees.Assignments)
}

// drawBidder generates a node that shuns some jobs. drawRoom generates what the node has room
// for.
func drawBidder(t *rapid.T) *Bidder {
	b := newBidder()
	b.Policy.MaxJobs = rapid.IntRange(1, 3).Draw(t, "places")
	b.Policy.FuelPerBlock = rapid.SampledFrom([]uint64{0, 5, 20}).Draw(t, "rate")
	b.Policy.MaxFuel = rapid.SampledFrom([]uint64{0, 0, 60}).Draw(t, "max fuel")
	rarely := rapid.SampledFrom([]bool{false, false, false, false, true})
	if rarely.Draw(t, "shuns") {
		b.Shuns.LeaveJob("1-0-0", testNow, 5, "not done in time")
	}
	if rarely.Draw(t, "crashed") {
		crashed := newDraw("2-0-0", 0)
		b.Shuns.Crashed(crashed.Job.Spec, "", "signal", testNow)
	}
	return b
}

func drawRoom(t *rapid.T) Room {
	room := newRoom()
	scarce := func(name string) bool { return rapid.SampledFrom([]bool{false, false, true}).Draw(t, "scarce "+name) }
	if scarce("slots") {
		room.Slots = rapid.IntRange(-1, 6).Draw(t, "slots")
	}
	if scarce("bond") {
		room.Bond = math.NewInt(rapid.Int64Range(0, 80).Draw(t, "bond"))
	}
	if scarce("disk") {
		room.DiskBytes = rapid.SampledFrom([]uint64{0, 150, 1_000, 2_000, 4_000}).Draw(t, "disk")
	}
	if scarce("fees") {
		room.Fees = Fees{Assignments: rapid.IntRange(0, 5).Draw(t, "fees"), Why: "the purse"}
	}
	for range rapid.IntRange(0, 2).Draw(t, "ahead") {
		room.Ahead = append(room.Ahead, Program{
			Fuel: rapid.Uint64Range(1, 50).Draw(t, "held fuel"), Deadline: testNow + rapid.Int64Range(1, 30).Draw(t, "held deadline"),
			Running: rapid.Bool().Draw(t, "running"),
		})
	}
	return room
}

// drawDraws generates draws as the chain lists them, with facts that are known, unknown or
// bad.
func drawDraws(t *rapid.T) []Draw {
	var draws []Draw
	for n := range rapid.SampledFrom([]int{0, 1, 4, 8, 12}).Draw(t, "draws") {
		d := newDraw(rapid.SampledFrom([]string{"1-0-0", "2-0-0"}).Draw(t, "job"), rapid.ByteRange(0, 3).Draw(t, "rank"))
		d.Ref.Task = uint64(n)
		d.Job.Liability = math.NewInt(rapid.Int64Range(0, 30).Draw(t, "liability"))
		d.Job.Spec.Resources.Fuel = rapid.SampledFrom([]uint64{1, 20, 50, 80}).Draw(t, "fuel")
		d.Job.Spec.Resources.OutputBytes = rapid.Uint64Range(0, 900).Draw(t, "output")
		d.Job.Spec.CommitBlocks = rapid.SampledFrom([]uint64{1, 5, 12, 40}).Draw(t, "window")
		switch rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1}).Draw(t, "flaw") {
		case 0:
			d.Held = true
		case 1:
			d.Leading = false
		case 2:
			d.CloseHeight = testNow
		case 3:
			d.Sink = rapid.SampledFrom([]*Health{nil, {}, {Why: "timeout"}}).Draw(t, "sink")
		case 5:
			d.Executor = rapid.SampledFrom([]*Health{nil, {Why: "this machine has not"}}).Draw(t, "executor")
		case 4:
			d.Earlier = rapid.SampledFrom([]*Earlier{nil, {Over: true}}).Draw(t, "earlier")
		}
		draws = append(draws, d)
	}
	return draws
}

func TestClaimsFitTheRoomAndEveryOtherDrawHasOneReason(t *testing.T) {
	claimed, causes := 0, map[Cause]int{}
	decide := func(t *rapid.T) {
		b, room, draws := drawBidder(t), drawRoom(t), drawDraws(t)
		given := slices.Clone(draws)
		done := b.Choose(b.Shortlist(draws), room)
		require.Equal(t, given, draws, "what was read stays as it is")

		requireInRoom(t, b, room, done.Claims)
		seen := map[computetypes.ChunkRef]int{}
		for _, d := range done.Claims {
			seen[d.Ref]++
			require.Equal(t, FactNone, b.Missing(&d), "nothing is claimed blindly")
		}
		for _, l := range done.Left {
			seen[l.Draw.Ref]++
			require.NotEqual(t, CauseNone, l.Cause)
			require.NotEmpty(t, l.Reason)
			causes[l.Cause]++
		}
		require.Len(t, seen, len(draws))
		for _, d := range draws {
			require.Equal(t, 1, seen[d.Ref], "%v is either claimed or left", d.Ref)
		}
		claimed += len(done.Claims)

		require.Equal(t, done, b.Choose(b.Shortlist(draws), room), "the same facts give the same decision")
		mixed := rapid.Permutation(draws).Draw(t, "order")
		other := b.Choose(b.Shortlist(mixed), room)
		require.Equal(t, done.Claims, other.Claims, "in whatever order the draws are read")
		require.Equal(t, reasons(done), reasons(other))
		require.Equal(t, done.LackingBytes, other.LackingBytes)
	}
	for range 5 {
		rapid.Check(t, decide)
	}
	require.NotZero(t, claimed)
	for _, cause := range []Cause{
		CauseHeld, CauseClosing, CauseOutranked, CauseEarlier, CauseJob, CauseCrash, CauseExecutor, CausePolicy, CauseSinkAwaited, CauseSink,
		CauseSlots, CauseBond, CauseTime, CauseFees, CauseDisk, CauseUnknown,
	} {
		require.NotZero(t, causes[cause], "cause %d is drawn", cause)
	}
}

// requireInRoom fails the test if claims need more than a room has.
func requireInRoom(t *rapid.T, b *Bidder, room Room, claims []Draw) {
	bond, disk := math.ZeroInt(), uint64(0)
	ahead := slices.Clone(room.Ahead)
	for i, d := range claims {
		bond = bond.Add(d.Job.Liability)
		disk += Footprint(d.Job.Spec, d.Tasks)
		ahead = append(ahead, ProgramOf(d.Job.Spec, d.Tasks, b.Height))
		require.True(t, i == 0 || bytes.Compare(claims[i-1].Rank, d.Rank) <= 0, "lowest ranks first")
	}
	require.LessOrEqual(t, len(claims), max(room.Slots, 0))
	require.LessOrEqual(t, len(claims), room.Fees.Assignments)
	require.True(t, bond.LTE(room.Bond) || len(claims) == 0, "locks %s of %s", bond, room.Bond)
	require.LessOrEqual(t, disk, room.DiskBytes)
	if b.Policy.FuelPerBlock > 0 && len(claims) > 0 {
		requireDoneInTime(t, b, ahead[len(room.Ahead):], ahead)
	}
}

// requireDoneInTime runs all programs, the most urgent first, on all places of the machine. It
// fails the test if one of the new programs is late.
func requireDoneInTime(t *rapid.T, b *Bidder, fresh, all []Program) {
	turn := func(p Program) int64 {
		if p.Running {
			return 0
		}
		return p.Deadline
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y Program) int { return int(turn(x) - turn(y)) })
	busy := make([]uint64, b.Policy.MaxJobs)
	for _, p := range all {
		place := slices.Index(busy, slices.Min(busy))
		busy[place] += p.Fuel
		if !slices.Contains(fresh, p) {
			continue
		}
		if done := float64(busy[place]) / float64(b.Policy.FuelPerBlock); done > float64(p.Deadline-b.Height) {
			t.Fatalf("%+v of %+v is done after %v blocks with %+v", p, all, done, b.Policy)
		}
	}
}

// reasons returns the cause and the reason of each draw that is left.
func reasons(d Decision) map[computetypes.ChunkRef]Left {
	all := map[computetypes.ChunkRef]Left{}
	for _, l := range d.Left {
		all[l.Draw.Ref] = l
	}
	return all
}

// TestANodeWithOneSlotAuditsBesideItsReplica: its replica has committed and waits for an audit
// of its own. It takes one audit, and no other work.
func TestANodeWithOneSlotAuditsBesideItsReplica(t *testing.T) {
	b, room := newBidder(), newRoom()
	one := edgenodetypes.NodeState{Slots: 1, UsedSlots: 1}
	committed := Holdings{{OwesFees: true}}
	room.Slots, room.CallSlots = committed.FreeSlots(one, Policy{MaxJobs: 1}), committed.CallSlots(one, Policy{MaxJobs: 1})
	require.Equal(t, []int{0, 1}, []int{room.Slots, room.CallSlots})
	replica, audit, other := newDraw("1-0-0", 1), newDraw("2-0-0", 2), newDraw("3-0-0", 3)
	audit.Call, other.Call = true, true
	done := b.Choose(b.Shortlist([]Draw{replica, audit, other}), room)
	require.Equal(t, []Draw{audit}, done.Claims)
	require.Equal(t, CauseSlots, done.Left[0].Cause)

	running := Holdings{{ToRun: true, OwesFees: true}}
	require.Zero(t, running.CallSlots(one, Policy{MaxJobs: 1}), "the machine is busy")
	require.Equal(t, 1, running.CallSlots(one, Policy{MaxJobs: 1, FuelPerBlock: 1}), "the deadlines decide")
	require.Zero(t, committed.CallSlots(edgenodetypes.NodeState{Slots: 1}, Policy{MaxJobs: 1}), "its slot is free")
	require.Zero(t, committed.CallSlots(edgenodetypes.NodeState{Slots: 1, UsedSlots: 2}, Policy{MaxJobs: 1}))
	require.Zero(t, committed.CallSlots(edgenodetypes.NodeState{Slots: 2, UsedSlots: 2}, Policy{MaxJobs: 1}))
}
