package chain

import (
	"context"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// EndedAt returns the receipts of all tasks that ended in a block, from its events:
// the state keeps none of the tasks of arrays. The node must keep the results of
// its blocks (storage.discard_abci_responses = false, the default).
func (r *Reader) EndedAt(ctx context.Context, height int64) ([]computetypes.Receipt, error) {
	res, err := cmtservice.NewServiceClient(r.conn).GetBlockResults(ctx, &cmtservice.GetBlockResultsRequest{Height: height})
	if err != nil {
		return nil, explain(ctx, fmt.Sprintf("results of block %d", height), err)
	}
	var receipts []computetypes.Receipt
	add := func(event *abci.Event) error {
		ended, err := endedIn(event)
		receipts = append(receipts, ended...)
		return err
	}
	for _, tx := range res.TxsResults {
		for i := range tx.Events {
			if err := add(&tx.Events[i]); err != nil {
				return nil, fmt.Errorf("block %d: %w", height, err)
			}
		}
	}
	for _, event := range res.FinalizeBlockEvents {
		if err := add(event); err != nil {
			return nil, fmt.Errorf("block %d: %w", height, err)
		}
	}
	return receipts, nil
}

// endedIn returns the receipts in an event, none for events of other kinds.
func endedIn(event *abci.Event) ([]computetypes.Receipt, error) {
	switch event.Type {
	case proto.MessageName(&computetypes.EventBatch{}), proto.MessageName(&computetypes.EventSweep{}):
	default:
		return nil, nil
	}
	parsed, err := sdk.ParseTypedEvent(bare(event))
	if err != nil {
		return nil, fmt.Errorf("cannot decode event %s: %w; is this thetaedge older than the chain?", event.Type, err)
	}
	var changes []computetypes.TaskChange
	switch e := parsed.(type) {
	case *computetypes.EventBatch:
		changes = e.Changes
	case *computetypes.EventSweep:
		changes = e.Changes
	}
	var receipts []computetypes.Receipt
	for i := range changes {
		if ended := changes[i].GetEnded(); ended != nil {
			receipts = append(receipts, *ended)
		}
	}
	return receipts, nil
}

// bare drops what the block has added to an event: where it stems from.
func bare(event *abci.Event) abci.Event {
	out := abci.Event{Type: event.Type}
	for _, attribute := range event.Attributes {
		if attribute.Key != "mode" && attribute.Key != "msg_index" {
			out.Attributes = append(out.Attributes, attribute)
		}
	}
	return out
}
