package bid

import (
	"testing"

	"github.com/stretchr/testify/require"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// newChunk returns a draw of a chunk of 10 tasks that may be audited by 4 samples.
func newChunk(job string) Draw {
	d := newDraw(job, 1)
	d.Tasks, d.Job.Samples = 10, 4
	return d
}

func TestTheLastOfSeveralSlotsIsKeptForAudits(t *testing.T) {
	b, room := newBidder(), newRoom()
	room.Slots, room.KeptSlots = 2, 1
	call, plain := newChunk("3-0-0"), newDraw("4-0-0", 9)
	call.Call = true
	done := b.Choose(b.Shortlist([]Draw{newChunk("1-0-0"), newChunk("2-0-0")}), room)
	require.Len(t, done.Claims, 1)
	require.Equal(t, CauseSlots, done.Left[0].Cause)
	require.Contains(t, done.Left[0].Reason, "the last slot is kept for audits: 2 were free")
	require.Len(t, b.Choose(b.Shortlist([]Draw{newChunk("1-0-0"), call}), room).Claims, 2, "an audit")
	require.Len(t, b.Choose(b.Shortlist([]Draw{newChunk("1-0-0"), plain}), room).Claims, 2, "a job without audits")
}

func TestSlotsThatTheMachineCannotUseAreKeptFirst(t *testing.T) {
	for name, c := range map[string]struct {
		state  edgenodetypes.NodeState
		held   Holdings
		policy Policy
		kept   int
	}{
		"a node with one slot has a second one": {edgenodetypes.NodeState{Slots: 1}, nil, Policy{MaxJobs: 1, FuelPerBlock: 1}, 0},
		"several slots":                         {edgenodetypes.NodeState{Slots: 3, UsedSlots: 1}, nil, Policy{MaxJobs: 1, FuelPerBlock: 1}, 1},
		"claims count":                          {edgenodetypes.NodeState{Slots: 3, UsedSlots: 1}, Holdings{{Waiting: true, ToRun: true}}, Policy{MaxJobs: 1, FuelPerBlock: 1}, 1},
		"the machine takes one of three":        {edgenodetypes.NodeState{Slots: 3}, nil, Policy{MaxJobs: 1}, 0},
		"the machine takes one of one":          {edgenodetypes.NodeState{Slots: 3, UsedSlots: 2}, nil, Policy{MaxJobs: 1}, 1},
	} {
		require.Equal(t, c.kept, c.held.KeptSlots(c.state, c.policy), name)
	}
}

// TestAChunkThatIsClaimedAheadLeavesTimeForAnAudit: audits that find no auditor end chunks
// without a result.
func TestAChunkThatIsClaimedAheadLeavesTimeForAnAudit(t *testing.T) {
	b, room := newBidder(), newRoom() // each chunk may use 500 fuel in 20 blocks, an audit 200
	chunk := newChunk("1-0-0")
	const noTime, noAudit = "asks for 500 fuel in 20 blocks", "no time for an audit of 4 tasks beside 1 programs"
	for _, c := range []struct {
		rate, ahead uint64
		reason      string
	}{
		{26, 0, ""}, {25, 0, noTime}, // without other work, the whole window is for the chunk
		{61, 500, ""}, {60, 500, noAudit}, {51, 500, noAudit}, {50, 500, "and 1 programs are before it"},
	} {
		b.Policy.FuelPerBlock, room.Ahead = c.rate, nil
		if c.ahead > 0 {
			room.Ahead = []Program{{Fuel: c.ahead, Deadline: testNow + 20, Running: true}}
		}
		cause, reason := b.lacks(&chunk, room, room)
		require.Equal(t, c.reason == "", cause == CauseNone, "%+v: %s", c, reason)
		require.Contains(t, reason, c.reason)
	}
	b.Policy.FuelPerBlock, room.Ahead = 51, []Program{{Fuel: 500, Deadline: testNow + 20, Running: true}}
	chunk.Job.Samples = 0
	cause, _ := b.lacks(&chunk, room, room)
	require.Equal(t, CauseNone, cause, "a job without audits")
}
