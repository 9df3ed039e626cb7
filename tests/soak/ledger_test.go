package soak

import (
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// emitted returns events as a block has them, with the attributes that the chain adds.
func emitted(t *testing.T, messages ...proto.Message) []abci.Event {
	t.Helper()
	var events []abci.Event
	for _, message := range messages {
		event, err := sdk.TypedEventToEvent(message)
		require.NoError(t, err)
		one := abci.Event(event)
		one.Attributes = append(one.Attributes, abci.EventAttribute{Key: "msg_index", Value: "0"}, abci.EventAttribute{Key: "mode", Value: "EndBlock"})
		events = append(events, one)
	}
	return events
}

func did(actor, action string, ref computetypes.ChunkRef) *computetypes.EventBatch {
	return &computetypes.EventBatch{Actor: actor, Action: action, Items: []computetypes.ChunkRef{ref}}
}

func TestARevealThatWasDueWhenACutEndedIsCountedOnceItIsMade(t *testing.T) {
	t.Parallel()
	l, ref := NewLedger(), computetypes.ChunkRef{JobId: "5-0-0", Round: 1}
	height, can := int64(0), true
	able := func(operator string) bool { return operator == "b" && can }
	block := func(messages ...proto.Message) {
		height++
		require.NoError(t, l.add(height, emitted(t, messages...)))
	}
	block(&computetypes.EventSweep{Changes: []computetypes.ChunkChange{{
		Ref: ref, Change: &computetypes.ChunkChange_Assigned{Assigned: &computetypes.Assigned{Operators: []string{"a", "b", "c"}}},
	}}})
	require.False(t, l.Waits("a", able))
	block(did("a", "commit", ref))
	require.False(t, l.Waits("a", able), "two others have to commit")
	block(did("c", "commit", ref))
	require.True(t, l.Waits("a", able))
	can = false
	require.False(t, l.Waits("a", able), "the round does not open while b cannot commit")
	require.False(t, l.Due("a", 0))
	last := did("b", "commit", ref)
	last.Changes = []computetypes.ChunkChange{{Ref: ref, Change: &computetypes.ChunkChange_RevealOpened{RevealOpened: &computetypes.RevealOpened{}}}}
	block(last)
	require.False(t, l.Waits("a", able), "it may reveal")
	l.MarkCut("a", 2)
	block(did("b", "reveal", ref))
	block()
	require.True(t, l.Due("a", 2))
	require.False(t, l.Due("b", 2))
	require.Zero(t, l.RevealsUnderCut())
	l.MarkCut("a", 2)
	block(did("a", "reveal", ref))
	require.Equal(t, 1, l.RevealsUnderCut(), "b has revealed without a cut")
	require.Equal(t, height, l.Height())
}

func TestARoundThatHasWaitedLongRevealsAtNoKnownTime(t *testing.T) {
	t.Parallel()
	l, ref := NewLedger(), computetypes.ChunkRef{JobId: "5-0-0"}
	able := func(string) bool { return true }
	require.NoError(t, l.add(1, emitted(t, did("a", "commit", ref))))
	require.True(t, l.Waits("a", able))
	require.False(t, l.Waits("b", able))
	require.NoError(t, l.add(2+freshBlocks, nil))
	require.False(t, l.Waits("a", able))
}

func TestFaultsKnowSinceWhenTheirNodeHadTheSeat(t *testing.T) {
	t.Parallel()
	l, ref := NewLedger(), computetypes.ChunkRef{JobId: "5-0-0", Task: 4}
	require.NoError(t, l.add(1, emitted(t, &computetypes.EventSweep{Changes: []computetypes.ChunkChange{{
		Ref: ref, Change: &computetypes.ChunkChange_Assigned{Assigned: &computetypes.Assigned{Operators: []string{"a"}}},
	}}})))
	none := sdk.NewCoin("atfuel", math.ZeroInt())
	slashed := func(reason string) *edgenodetypes.EventSlashed {
		return &edgenodetypes.EventSlashed{Operator: "a", Reason: reason, JobId: ref.JobId, Task: ref.Task, Amount: none, Cost: none, Honest: none, Burned: none, Community: none, Unbonding: none}
	}
	require.NoError(t, l.add(9, emitted(t, slashed(edgenodetypes.ReasonYielded), &edgenodetypes.EventJailed{Operator: "a", Until: 50, Terms: 1})))
	require.Equal(t, []Fault{
		{Height: 9, Since: 1, Operator: "a", Reason: edgenodetypes.ReasonYielded, Job: ref.JobId, Task: 4},
		{Height: 9, Since: 9, Operator: "a", Reason: reasonJailed},
	}, l.Faults())
	require.Equal(t, 1, l.Yields("a"))
	require.Zero(t, l.Yields("b"))
}
