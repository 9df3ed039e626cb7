package chain

import (
	"context"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// EndedAt returns the receipts of all tasks that ended in a block. It reads them from the
// block's events, because the state does not keep receipts of tasks of arrays. The node must
// keep the results of its blocks (storage.discard_abci_responses = false, the default).
func (r *Reader) EndedAt(ctx context.Context, height int64) ([]computetypes.Receipt, error) {
	changes, err := r.ChangesAt(ctx, height)
	return computetypes.EndedIn(changes), err
}

// ChangesAt returns all changes of tasks in a block, in order. It reads them from the block's
// events and has the same requirement as EndedAt.
func (r *Reader) ChangesAt(ctx context.Context, height int64) ([]computetypes.ChunkChange, error) {
	res, err := cmtservice.NewServiceClient(r.conn).GetBlockResults(ctx, &cmtservice.GetBlockResultsRequest{Height: height})
	if err != nil {
		return nil, grpcnode.Explain(ctx, fmt.Sprintf("results of block %d", height), err)
	}
	var all []computetypes.ChunkChange
	add := func(event *abci.Event) error {
		changes, err := computetypes.ChangesIn(*event)
		if err != nil {
			return fmt.Errorf("block %d: cannot decode event %s: %w; is this thetaedge older than the chain?", height, event.Type, err)
		}
		all = append(all, changes...)
		return grpcnode.CheckAnswer(changes)
	}
	for _, tx := range res.TxsResults {
		for i := range tx.Events {
			if err := add(&tx.Events[i]); err != nil {
				return nil, err
			}
		}
	}
	for _, event := range res.FinalizeBlockEvents {
		if err := add(event); err != nil {
			return nil, err
		}
	}
	return all, nil
}
