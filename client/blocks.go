package client

import (
	"context"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// events returns the events of a block, beginning with those of its transactions. The node
// must keep the results of its blocks.
func (c *Client) events(ctx context.Context, height int64) ([]*abci.Event, error) {
	var results *cmtservice.GetBlockResultsResponse
	err := c.patiently(ctx, func() (err error) {
		results, err = c.blocks.GetBlockResults(ctx, &cmtservice.GetBlockResultsRequest{Height: height})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("results of block %d: %w", height, plain(err))
	}
	var events []*abci.Event
	for _, tx := range results.TxsResults {
		for i := range tx.Events {
			events = append(events, &tx.Events[i])
		}
	}
	return append(events, results.FinalizeBlockEvents...), nil
}

// Receipts returns the receipts of all tasks that ended in a block, from its events,
// because the chain keeps only a root for an array. The node must keep the results of its
// blocks.
func (c *Client) Receipts(ctx context.Context, height int64) ([]computetypes.Receipt, error) {
	events, err := c.events(ctx, height)
	if err != nil {
		return nil, err
	}
	var receipts []computetypes.Receipt
	for _, event := range events {
		ended, err := computetypes.ReceiptsIn(*event)
		if err == nil {
			err = grpcnode.CheckAnswer(ended)
		}
		if err != nil {
			return nil, fmt.Errorf("block %d: event %s: %w; this program may be older than the chain", height, event.Type, err)
		}
		receipts = append(receipts, ended...)
	}
	return receipts, nil
}
