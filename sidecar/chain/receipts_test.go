package chain

import (
	"context"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// resultsOfBlock serves the results of one block.
type resultsOfBlock struct {
	cmtservice.UnimplementedServiceServer
	height int64
	txs    []*abci.ExecTxResult
	end    []*abci.Event
}

func (b *resultsOfBlock) GetBlockResults(_ context.Context, req *cmtservice.GetBlockResultsRequest) (*cmtservice.GetBlockResultsResponse, error) {
	if req.Height != b.height {
		return nil, status.Error(codes.InvalidArgument, "requested block height is bigger than the chain length")
	}
	return &cmtservice.GetBlockResultsResponse{Height: req.Height, TxsResults: b.txs, FinalizeBlockEvents: b.end}, nil
}

// emitted returns an event as a block contains it: typed, and with the attribute that names
// its source.
func emitted(t *testing.T, event proto.Message, key, value string) abci.Event {
	t.Helper()
	typed, err := sdk.TypedEventToEvent(event)
	require.NoError(t, err)
	return abci.Event(typed.AppendAttributes(sdk.NewAttribute(key, value)))
}

func receiptOf(task uint64) *computetypes.Receipt {
	return &computetypes.Receipt{
		JobId: "5-0-0", Task: task, Status: computetypes.CHUNK_STATUS_ACCEPTED, Height: 9, ExitCode: 3,
		Outcomes: []computetypes.Outcome{{
			Operator: "theta1op", Status: computetypes.ASSIGNMENT_STATUS_PAID,
			Paid: math.NewInt(1000), Slashed: math.ZeroInt(), Share: math.NewInt(7),
		}},
	}
}

func ended(task uint64) computetypes.ChunkChange {
	return computetypes.ChunkChange{
		Ref:    computetypes.ChunkRef{JobId: "5-0-0", Task: task},
		Change: &computetypes.ChunkChange_Ended{Ended: receiptOf(task)},
	}
}

func TestReceiptsAreReadFromTheEventsOfABlock(t *testing.T) {
	n := newFakeNode(t)
	batch := emitted(t, &computetypes.EventBatch{
		Actor: "theta1op", Action: "reveal", Changes: []computetypes.ChunkChange{
			{Ref: computetypes.ChunkRef{JobId: "5-0-0"}, Change: &computetypes.ChunkChange_RevealOpened{RevealOpened: &computetypes.RevealOpened{Deadline: 7}}},
			ended(1),
		},
	}, "msg_index", "0")
	sweep := emitted(t, &computetypes.EventSweep{Changes: []computetypes.ChunkChange{ended(2), ended(3)}}, "mode", "EndBlock")
	other := abci.Event{Type: "coin_spent", Attributes: []abci.EventAttribute{{Key: "amount", Value: "no JSON"}}}
	n.blockResults = &resultsOfBlock{
		height: 9, txs: []*abci.ExecTxResult{{Code: 5}, {Events: []abci.Event{other, batch}}}, end: []*abci.Event{&other, &sweep},
	}
	reader := NewReader(n.conn(), n.cdc)
	receipts, err := reader.EndedAt(t.Context(), 9)
	require.NoError(t, err)
	require.Len(t, receipts, 3)
	for i, found := range receipts {
		require.Equal(t, receiptOf(uint64(i+1)).String(), found.String())
	}
	_, err = reader.EndedAt(t.Context(), 10)
	require.ErrorContains(t, err, "results of block 10")
}

func TestDrawsAreAskedForNewestFirst(t *testing.T) {
	n := newFakeNode(t)
	reader := NewReader(n.conn(), n.cdc)
	first, err := reader.ClaimablePage(t.Context(), "theta1op", nil)
	require.NoError(t, err)
	require.Equal(t, []byte("older"), first.Next)
	require.Equal(t, "9-0-0", first.Tasks[0].Ref.JobId)
	second, err := reader.ClaimablePage(t.Context(), "theta1op", first.Next)
	require.NoError(t, err)
	require.Nil(t, second.Next)
	require.Equal(t, "2-0-0", second.Tasks[0].Ref.JobId)
}

// Claimable returns two pages of one draw each, newest first.
func (*computeQuery) Claimable(_ context.Context, req *computetypes.QueryClaimableRequest) (*computetypes.QueryClaimableResponse, error) {
	if req.Pagination.Limit != pageLimit {
		return nil, status.Error(codes.InvalidArgument, "expected the newest draws first, in full pages")
	}
	task := func(job string) []computetypes.ClaimableChunk {
		return []computetypes.ClaimableChunk{{Ref: computetypes.ChunkRef{JobId: job}, Reward: sdk.NewInt64Coin("atfuel", 1)}}
	}
	if string(req.Pagination.Key) == "older" {
		return &computetypes.QueryClaimableResponse{Tasks: task("2-0-0"), Pagination: &query.PageResponse{}}, nil
	}
	return &computetypes.QueryClaimableResponse{Tasks: task("9-0-0"), Pagination: &query.PageResponse{NextKey: []byte("older")}}, nil
}
