package chain

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	sdkmath "cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	sdk "github.com/cosmos/cosmos-sdk/types"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	"github.com/cosmos/cosmos-sdk/types/query"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	// pageLimit is the size of the pages of listings. The chain allows 200 for Claimable.
	pageLimit = 200
	// maxPages bounds the pages of a listing, so that no answer can make the daemon read
	// without end.
	maxPages = 50
)

// Reader queries a node.
type Reader struct {
	conn grpc.ClientConnInterface
	cdc  Codec
}

// NewReader returns a reader that uses an open connection.
func NewReader(conn grpc.ClientConnInterface, cdc Codec) *Reader {
	return &Reader{conn: conn, cdc: cdc}
}

// ChainID returns the id of the node's chain.
func (r *Reader) ChainID(ctx context.Context) (string, error) {
	res, err := cmtservice.NewServiceClient(r.conn).GetNodeInfo(ctx, &cmtservice.GetNodeInfoRequest{})
	if err != nil {
		return "", grpcnode.Explain(ctx, "chain id", err)
	}
	if res.DefaultNodeInfo == nil || res.DefaultNodeInfo.Network == "" {
		return "", fmt.Errorf("chain id: expected the node to name its network, found nothing")
	}
	return res.DefaultNodeInfo.Network, nil
}

// Tip is the newest block of the node.
type Tip = grpcnode.Tip

// Tip returns the newest block that the node has committed.
func (r *Reader) Tip(ctx context.Context) (Tip, error) { return grpcnode.ReadTip(ctx, r.conn) }

// maxPriceBits bounds the prices that a node reports. x/feemarket does not allow larger
// prices, and the SDK's numbers panic if a fee has more than 256 bits.
const maxPriceBits = 128

// ownGasPrice returns the price per unit of gas that the node demands for its own mempool. It
// may be higher than the chain's price. It is 0 if the node does not report it.
func (r *Reader) ownGasPrice(ctx context.Context, denom string) (sdkmath.Int, error) {
	res, err := node.NewServiceClient(r.conn).Config(ctx, &node.ConfigRequest{})
	if err != nil {
		if err = grpcnode.Explain(ctx, "gas price of the node", err); errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
			return sdkmath.Int{}, err
		}
		return sdkmath.ZeroInt(), nil
	}
	prices, err := sdk.ParseDecCoins(res.MinimumGasPrice)
	if err != nil {
		return sdkmath.Int{}, fmt.Errorf("gas price of the node: expected coins, found %q: %w", res.MinimumGasPrice, err)
	}
	price := prices.AmountOf(denom).Ceil().TruncateInt()
	if price.BigInt().BitLen() > maxPriceBits {
		return sdkmath.Int{}, fmt.Errorf("%w: a unit of gas would cost %s%s, far above fees.max-gas-price; name another node in chain.grpc", ErrFeeCap, price, denom)
	}
	return price, nil
}

// Work is what a node holds at a height.
type Work struct {
	// Height is the height of the state that was read.
	Height int64
	// Items contains the assignments in order of job, task and round.
	Items []computetypes.WorkItem
}

// Assignments returns everything that the operator's node holds, read at one height.
func (r *Reader) Assignments(ctx context.Context, operator string) (Work, error) {
	compute := computetypes.NewQueryClient(r.conn)
	var work Work
	var key []byte
	for range maxPages {
		var header metadata.MD
		res, err := compute.Assignments(atHeight(ctx, work.Height), &computetypes.QueryAssignmentsRequest{
			Operator: operator, Pagination: &query.PageRequest{Key: key, Limit: pageLimit},
		}, grpc.Header(&header))
		if err != nil {
			return Work{}, grpcnode.Explain(ctx, "assignments of "+operator, err)
		}
		if work.Height == 0 {
			if work.Height, err = grpcnode.HeightIn(header); err != nil {
				return Work{}, fmt.Errorf("assignments of %s: %w", operator, err)
			}
		}
		for i := range res.Items {
			if err := checkName("assignments of "+operator, res.Items[i].Ref.JobId); err != nil {
				return Work{}, err
			}
		}
		work.Items = append(work.Items, res.Items...)
		if key = nextKey(res.Pagination); key == nil {
			return work, nil
		}
	}
	return Work{}, fmt.Errorf("assignments of %s: expected at most %d, found more", operator, maxPages*pageLimit)
}

// Draws is a page of draws.
type Draws struct {
	// Tasks contains the tasks that the node may claim: first the calls of judges and
	// auditors, then the draws that name the node, then the rest, each newest first. A page
	// may be empty.
	Tasks []computetypes.ClaimableChunk
	// Next is the start of the next page. It is nil on the last page.
	Next []byte
}

// ClaimablePage returns one page of the draws that the operator's node may enter now. from is
// the start of the page, or nil for the first one. It may name a draw that is over.
func (r *Reader) ClaimablePage(ctx context.Context, operator string, from []byte) (Draws, error) {
	res, err := computetypes.NewQueryClient(r.conn).Claimable(ctx, &computetypes.QueryClaimableRequest{
		Operator: operator, Pagination: &query.PageRequest{Key: from, Limit: pageLimit},
	})
	if err != nil {
		return Draws{}, grpcnode.Explain(ctx, "claimable tasks of "+operator, err)
	}
	return Draws{Tasks: res.Tasks, Next: nextKey(res.Pagination)}, checkNames(operator, res.Tasks)
}

// Claimable returns the draws that the operator's node may enter now, in the order of the
// pages.
func (r *Reader) Claimable(ctx context.Context, operator string) ([]computetypes.ClaimableChunk, error) {
	compute := computetypes.NewQueryClient(r.conn)
	var tasks []computetypes.ClaimableChunk
	var key []byte
	for range maxPages {
		res, err := compute.Claimable(ctx, &computetypes.QueryClaimableRequest{
			Operator: operator, Pagination: &query.PageRequest{Key: key, Limit: pageLimit},
		})
		if err != nil {
			return nil, grpcnode.Explain(ctx, "claimable tasks of "+operator, err)
		}
		if err := checkNames(operator, res.Tasks); err != nil {
			return nil, err
		}
		tasks = append(tasks, res.Tasks...)
		if key = nextKey(res.Pagination); key == nil {
			break
		}
	}
	return tasks, nil
}

// Job returns a job and its spec, or ErrNotFound.
func (r *Reader) Job(ctx context.Context, id string) (computetypes.Job, computetypes.JobSpec, error) {
	res, err := computetypes.NewQueryClient(r.conn).Job(ctx, &computetypes.QueryJobRequest{JobId: id})
	if err != nil {
		return computetypes.Job{}, computetypes.JobSpec{}, grpcnode.Explain(ctx, "job "+id, err)
	}
	return res.Job, res.Spec, nil
}

// Receipt returns the receipt of a task that has ended, or ErrNotFound.
func (r *Reader) Receipt(ctx context.Context, job string, task uint64) (computetypes.Receipt, error) {
	res, err := computetypes.NewQueryClient(r.conn).Receipt(ctx, &computetypes.QueryReceiptRequest{JobId: job, Task: task})
	if err != nil {
		return computetypes.Receipt{}, grpcnode.Explain(ctx, fmt.Sprintf("receipt of task %d of job %s", task, job), err)
	}
	return res.Receipt, nil
}

// Task returns a task that has not ended, or ErrNotFound.
func (r *Reader) Task(ctx context.Context, job string, task uint64) (computetypes.Chunk, error) {
	res, err := computetypes.NewQueryClient(r.conn).Chunk(ctx, &computetypes.QueryChunkRequest{JobId: job, Task: task})
	if err != nil {
		return computetypes.Chunk{}, grpcnode.Explain(ctx, fmt.Sprintf("task %d of job %s", task, job), err)
	}
	return res.Chunk, nil
}

// Redeliveries is a page of requests to deliver results again.
type Redeliveries struct {
	// Requests contains the requests in order of height.
	Requests []computetypes.JobRedelivery
	// Next is the start of the next page. It is nil on the last page.
	Next []byte
}

// Redeliveries returns a page of the requests that were made at a height or later. page is the
// start of the page, or nil for the first one.
func (r *Reader) Redeliveries(ctx context.Context, from int64, page []byte) (Redeliveries, error) {
	res, err := computetypes.NewQueryClient(r.conn).Redeliveries(ctx, &computetypes.QueryRedeliveriesRequest{
		FromHeight: from, Pagination: &query.PageRequest{Key: page, Limit: pageLimit},
	})
	if err != nil {
		return Redeliveries{}, grpcnode.Explain(ctx, "results that are asked for again", err)
	}
	for i := range res.Redeliveries {
		if err := checkName("results that are asked for again", res.Redeliveries[i].JobId); err != nil {
			return Redeliveries{}, err
		}
	}
	return Redeliveries{Requests: res.Redeliveries, Next: nextKey(res.Pagination)}, nil
}

// checkName refuses a job id that the chain does not give to any job. The id becomes the name
// of folders, and with an invalid id, a lying node could make the daemon work anywhere on this
// machine's disk.
func checkName(what, job string) error {
	if _, err := computetypes.ParseJobID(job); err != nil {
		return fmt.Errorf("%s: %w: the node lies; name another in chain.grpc", what, err)
	}
	return nil
}

func checkNames(operator string, draws []computetypes.ClaimableChunk) error {
	for i := range draws {
		if err := checkName("claimable tasks of "+operator, draws[i].Ref.JobId); err != nil {
			return err
		}
	}
	return nil
}

// ComputeParams returns the parameters of x/compute.
func (r *Reader) ComputeParams(ctx context.Context) (computetypes.Params, error) {
	res, err := computetypes.NewQueryClient(r.conn).Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return computetypes.Params{}, grpcnode.Explain(ctx, "compute parameters", err)
	}
	return res.Params, nil
}

// EdgenodeParams returns the parameters of x/edgenode.
func (r *Reader) EdgenodeParams(ctx context.Context) (edgenodetypes.Params, error) {
	res, err := edgenodetypes.NewQueryClient(r.conn).Params(ctx, &edgenodetypes.QueryParamsRequest{})
	if err != nil {
		return edgenodetypes.Params{}, grpcnode.Explain(ctx, "edgenode parameters", err)
	}
	return res.Params, nil
}

// RewardsParams returns the parameters of x/rewards.
func (r *Reader) RewardsParams(ctx context.Context) (rewardstypes.Params, error) {
	res, err := rewardstypes.NewQueryClient(r.conn).Params(ctx, &rewardstypes.QueryParamsRequest{})
	if err != nil {
		return rewardstypes.Params{}, grpcnode.Explain(ctx, "rewards parameters", err)
	}
	return res.Params, nil
}

// BaseFee returns the price per unit of gas in the next block.
func (r *Reader) BaseFee(ctx context.Context) (feemarkettypes.QueryBaseFeeResponse, error) {
	res, err := feemarkettypes.NewQueryClient(r.conn).BaseFee(ctx, &feemarkettypes.QueryBaseFeeRequest{})
	if err != nil {
		return feemarkettypes.QueryBaseFeeResponse{}, grpcnode.Explain(ctx, "gas price of the next block", err)
	}
	if err := sdk.ValidateDenom(res.BaseFee.Denom); err != nil {
		return feemarkettypes.QueryBaseFeeResponse{}, fmt.Errorf("gas price of the next block: expected a denom, found %w; name another node in chain.grpc", err)
	}
	base, floor := res.BaseFee.Amount, res.Floor.Amount
	if base.IsNil() || floor.IsNil() || base.LT(floor) || floor.IsNegative() || res.BaseFee.Denom != res.Floor.Denom || base.BigInt().BitLen() > maxPriceBits {
		return feemarkettypes.QueryBaseFeeResponse{}, fmt.Errorf("gas price of the next block: expected a base fee of at most 2^%d and a floor below it, found %s and %s; name another node in chain.grpc",
			maxPriceBits, res.BaseFee, res.Floor)
	}
	return *res, nil
}

// Class returns a hardware class with its snapshots, or ErrNotFound.
func (r *Reader) Class(ctx context.Context, class string) (edgenodetypes.QueryClassResponse, error) {
	res, err := edgenodetypes.NewQueryClient(r.conn).Class(ctx, &edgenodetypes.QueryClassRequest{Class: class})
	if err != nil {
		return edgenodetypes.QueryClassResponse{}, grpcnode.Explain(ctx, "class "+class, err)
	}
	return *res, nil
}

// Node returns the node that a worker key serves, or ErrNotFound.
func (r *Reader) Node(ctx context.Context, worker string) (edgenodetypes.Node, error) {
	res, err := edgenodetypes.NewQueryClient(r.conn).NodeByWorker(ctx, &edgenodetypes.QueryNodeByWorkerRequest{Worker: worker})
	if err != nil {
		return edgenodetypes.Node{}, grpcnode.Explain(ctx, "node of worker "+worker, err)
	}
	return res.Node, nil
}

// NodeOf returns the node of an operator, or ErrNotFound.
func (r *Reader) NodeOf(ctx context.Context, operator string) (edgenodetypes.Node, error) {
	res, err := edgenodetypes.NewQueryClient(r.conn).Node(ctx, &edgenodetypes.QueryNodeRequest{Operator: operator})
	if err != nil {
		return edgenodetypes.Node{}, grpcnode.Explain(ctx, "node of operator "+operator, err)
	}
	return res.Node, nil
}

// Balance returns an address's balance in a denom.
func (r *Reader) Balance(ctx context.Context, address, denom string) (sdk.Coin, error) {
	res, err := banktypes.NewQueryClient(r.conn).Balance(ctx, &banktypes.QueryBalanceRequest{Address: address, Denom: denom})
	if err != nil {
		return sdk.Coin{}, grpcnode.Explain(ctx, "balance of "+address, err)
	}
	if res.Balance == nil {
		return sdk.NewInt64Coin(denom, 0), nil
	}
	return *res.Balance, nil
}

// atHeight makes a query read the state at a height. 0 means the newest.
func atHeight(ctx context.Context, height int64) context.Context {
	if height == 0 {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, grpctypes.GRPCBlockHeightHeader, strconv.FormatInt(height, 10))
}

func nextKey(page *query.PageResponse) []byte {
	if page == nil || len(page.NextKey) == 0 {
		return nil
	}
	return page.NextKey
}
