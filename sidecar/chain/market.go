package chain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// Syncing reports whether the node says that it catches up with its chain.
func (r *Reader) Syncing(ctx context.Context) (bool, error) {
	res, err := cmtservice.NewServiceClient(r.conn).GetSyncing(ctx, &cmtservice.GetSyncingRequest{})
	if err != nil {
		return false, grpcnode.Explain(ctx, "whether the node catches up", err)
	}
	return res.Syncing, nil
}

// BlockTime returns the time of a block. The node must still keep the block.
func (r *Reader) BlockTime(ctx context.Context, height int64) (time.Time, error) {
	what := fmt.Sprintf("time of block %d", height)
	res, err := cmtservice.NewServiceClient(r.conn).GetBlockByHeight(ctx, &cmtservice.GetBlockByHeightRequest{Height: height})
	if err != nil {
		return time.Time{}, grpcnode.Explain(ctx, what, err)
	}
	if res.SdkBlock == nil || res.SdkBlock.Header.Time.IsZero() {
		return time.Time{}, errors.New(what + ": expected a header with a time, found none")
	}
	return res.SdkBlock.Header.Time, nil
}

// Market returns supply and demand of a class at a height; 0 means the newest. The node must
// still keep the state of an older height.
func (r *Reader) Market(ctx context.Context, class string, height int64) (computetypes.QueryMarketResponse, error) {
	res, err := computetypes.NewQueryClient(r.conn).Market(atHeight(ctx, height), &computetypes.QueryMarketRequest{Class: class})
	if err != nil {
		return computetypes.QueryMarketResponse{}, grpcnode.Explain(ctx, "market of class "+class, err)
	}
	return *res, nil
}

// OpenDraws returns the first page of the open draws of a class, and whether there are more.
func (r *Reader) OpenDraws(ctx context.Context, class string) (draws []computetypes.OpenDraw, more bool, err error) {
	res, err := computetypes.NewQueryClient(r.conn).Draws(ctx, &computetypes.QueryDrawsRequest{
		Class: class, Pagination: &query.PageRequest{Limit: pageLimit},
	})
	if err != nil {
		return nil, false, grpcnode.Explain(ctx, "open draws of class "+class, err)
	}
	for i := range res.Draws {
		if err := checkName("open draws of class "+class, res.Draws[i].Ref.JobId); err != nil {
			return nil, false, err
		}
	}
	return res.Draws, nextKey(res.Pagination) != nil, nil
}

// Explain returns, rule by rule, whether the chain would accept a claim of an operator's node for
// a task, or ErrNotFound.
func (r *Reader) Explain(ctx context.Context, ref computetypes.ChunkRef, operator string) (computetypes.QueryExplainResponse, error) {
	res, err := computetypes.NewQueryClient(r.conn).Explain(ctx, &computetypes.QueryExplainRequest{JobId: ref.JobId, Task: ref.Task, Operator: operator})
	if err != nil {
		return computetypes.QueryExplainResponse{}, grpcnode.Explain(ctx, fmt.Sprintf("task %d of job %s", ref.Task, ref.JobId), err)
	}
	return *res, nil
}

// Split returns the part of a reward that its node gets.
func (r *Reader) Split(ctx context.Context, reward sdk.Coin) (sdk.Coin, error) {
	res, err := rewardstypes.NewQueryClient(r.conn).Split(ctx, &rewardstypes.QuerySplitRequest{Amount: reward.String()})
	if err != nil {
		return sdk.Coin{}, grpcnode.Explain(ctx, "split of "+reward.String(), err)
	}
	return res.Executor, nil
}
