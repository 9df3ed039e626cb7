package types_test

import (
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// encoder is an event with generated encoding.
type encoder interface {
	proto.Message
	Encode() sdk.Event
}

// eventSource draws events of all sizes that contain any text.
type eventSource struct{ t *rapid.T }

func (s eventSource) text() string { return rapid.String().Draw(s.t, "text") }

func (s eventSource) bytes() []byte {
	if rapid.Bool().Draw(s.t, "none") {
		return nil
	}
	return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(s.t, "bytes")
}

func (s eventSource) amount() math.Int {
	return math.NewIntFromUint64(rapid.Uint64().Draw(s.t, "factor")).
		MulRaw(rapid.Int64().Draw(s.t, "other factor"))
}

func (s eventSource) coin() sdk.Coin { return sdk.Coin{Denom: s.text(), Amount: s.amount()} }

func (s eventSource) small() uint32 { return rapid.Uint32().Draw(s.t, "small") }
func (s eventSource) large() uint64 { return rapid.Uint64().Draw(s.t, "large") }
func (s eventSource) height() int64 { return rapid.Int64().Draw(s.t, "height") }
func (s eventSource) status() int32 { return rapid.Int32Range(0, 12).Draw(s.t, "status") }
func (s eventSource) yes() bool     { return rapid.Bool().Draw(s.t, "yes") }

func several[T any](s eventSource, one func() T) []T {
	var all []T
	for range rapid.IntRange(0, 3).Draw(s.t, "several") {
		all = append(all, one())
	}
	return all
}

func (s eventSource) ref() types.ChunkRef {
	return types.ChunkRef{JobId: s.text(), Task: s.large(), Round: s.small()}
}

func (s eventSource) outcome() types.Outcome {
	return types.Outcome{
		Operator: s.text(), Round: s.small(), Status: types.AssignmentStatus(s.status()), Tag: s.bytes(),
		Paid: s.amount(), Slashed: s.amount(), Share: s.amount(),
		Metrics: types.Metrics{
			Fuel: s.large(), WallMs: s.large(), EnergyMj: s.large(), EnergySource: s.text(), Device: s.text(),
		},
	}
}

func (s eventSource) receipt() *types.Receipt {
	return &types.Receipt{
		JobId: s.text(), Task: s.large(), SpecDigest: s.bytes(), Status: types.ChunkStatus(s.status()),
		Tags: several(s, s.bytes), Outcomes: several(s, s.outcome), Height: s.height(), ExitCode: s.small(), Audited: s.yes(),
		ChallengeUntil: s.height(), Reward: s.coin(), Liability: s.amount(), ClassWeight: s.amount(), Placed: s.yes(), Burned: s.amount(),
		Fuel: s.large(), Guarantee: types.Guarantee(s.status() % 5), TraceKey: s.bytes(),
		Count: s.large(), FailedTasks: s.large(),
	}
}

func (s eventSource) change() types.ChunkChange {
	changes := []types.ChunkChangeKind{
		&types.ChunkChange_DrawStarted{DrawStarted: &types.DrawStarted{SeedHeight: s.height(), Attempt: s.small(), Slots: s.small()}},
		&types.ChunkChange_Assigned{Assigned: &types.Assigned{Operators: several(s, s.text), CommitDeadline: s.height()}},
		&types.ChunkChange_AuditDecided{AuditDecided: &types.AuditDecided{Auditors: s.small()}},
		&types.ChunkChange_RevealOpened{RevealOpened: &types.RevealOpened{Deadline: s.height()}},
		&types.ChunkChange_ReviewOpened{ReviewOpened: &types.ReviewOpened{Deadline: s.height()}},
		&types.ChunkChange_Escalated{Escalated: &types.Escalated{Target: s.small()}},
		&types.ChunkChange_Ended{Ended: s.receipt()},
		nil,
	}
	return types.ChunkChange{Ref: s.ref(), Change: rapid.SampledFrom(changes).Draw(s.t, "change")}
}

func (s eventSource) event() encoder {
	return rapid.SampledFrom([]encoder{
		&types.EventBatch{
			Actor: s.text(), Action: s.text(), Items: several(s, s.ref), Changes: several(s, s.change),
		},
		&types.EventSweep{Changes: several(s, s.change)},
		&types.EventJobPosted{
			JobId: s.text(), Requester: s.text(), Class: s.text(), Executor: s.text(), Reserved: s.coin(), Tasks: s.large(),
		},
		&types.EventJobClosed{
			JobId: s.text(), Status: types.JobStatus(s.status()), TasksAccepted: s.large(),
			ResultsRoot: s.bytes(), Refund: s.coin(),
		},
	}).Draw(s.t, "event")
}

func TestGeneratedEventsAreThoseOfTheSDK(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		event := eventSource{t}.event()
		want, err := sdk.TypedEventToEvent(event)
		require.NoError(t, err)
		require.Equal(t, want, event.Encode())
	})
}

// Zero values are written too.
func TestGeneratedEventsHaveAllFields(t *testing.T) {
	receipt := types.Receipt{Outcomes: []types.Outcome{{}}}
	changes := []types.ChunkChange{
		{},
		{Change: &types.ChunkChange_DrawStarted{DrawStarted: &types.DrawStarted{}}},
		{Change: &types.ChunkChange_Assigned{Assigned: &types.Assigned{}}},
		{Change: &types.ChunkChange_AuditDecided{AuditDecided: &types.AuditDecided{}}},
		{Change: &types.ChunkChange_RevealOpened{RevealOpened: &types.RevealOpened{}}},
		{Change: &types.ChunkChange_ReviewOpened{ReviewOpened: &types.ReviewOpened{}}},
		{Change: &types.ChunkChange_Escalated{Escalated: &types.Escalated{}}},
		{Change: &types.ChunkChange_Ended{Ended: &receipt}},
	}
	for _, event := range []encoder{
		&types.EventBatch{Items: []types.ChunkRef{{}}, Changes: changes},
		&types.EventSweep{Changes: changes}, &types.EventJobPosted{}, &types.EventJobClosed{},
	} {
		want, err := sdk.TypedEventToEvent(event)
		require.NoError(t, err)
		require.Equal(t, want, event.Encode())
	}
}

// BenchmarkEvent compares the generated encoding of a settled task with the encoding of the
// SDK.
func BenchmarkEvent(b *testing.B) {
	receipt := &types.Receipt{JobId: "000000000000000a", Task: 7, SpecDigest: make([]byte, 32), Tags: [][]byte{make([]byte, 32)}, TraceKey: make([]byte, 32), Reward: sdk.NewInt64Coin("atfuel", 1)}
	for range 3 {
		receipt.Outcomes = append(receipt.Outcomes, types.Outcome{
			Operator: "theta1ct2pkvgh4hf7w3favf82mwsfa60klvnm7u32d3", Tag: make([]byte, 32),
			Paid: math.NewInt(1e18), Slashed: math.ZeroInt(), Share: math.ZeroInt(),
		})
	}
	event := &types.EventSweep{Changes: []types.ChunkChange{{Ref: types.ChunkRef{JobId: receipt.JobId, Task: 7}, Change: &types.ChunkChange_Ended{Ended: receipt}}}}
	b.Run("generated", func(b *testing.B) {
		for b.Loop() {
			event.Encode()
		}
	})
	b.Run("sdk", func(b *testing.B) {
		for b.Loop() {
			if _, err := sdk.TypedEventToEvent(event); err != nil {
				b.Fatal(err)
			}
		}
	})
}
