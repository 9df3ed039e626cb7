package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/internal/coins"
)

type queryServer struct{ k *Keeper }

// NewQueryServer returns the server of the queries of x/compute. It shows tasks with all due
// transitions applied, even those that the queue has not visited yet.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k: k} }

// notFound converts the module's "not found" errors to those of gRPC.
func notFound(err error) error {
	for _, e := range []error{types.ErrJobNotFound, types.ErrTaskNotFound, types.ErrTaskEnded, types.ErrReceiptNotFound, types.ErrChallengeNotFound, edgenodetypes.ErrNodeNotFound} {
		if errors.Is(err, e) {
			return status.Error(codes.NotFound, err.Error())
		}
	}
	if errors.Is(err, types.ErrInvalidJobID) {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return err
}

func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := s.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: params}, err
}

func (s queryServer) Job(ctx context.Context, req *types.QueryJobRequest) (*types.QueryJobResponse, error) {
	id, err := types.ParseJobID(req.JobId)
	if err != nil {
		return nil, notFound(err)
	}
	job, err := s.k.Job(ctx, id)
	if err != nil {
		return nil, notFound(err)
	}
	spec, err := s.k.specs.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		err = nil // pruned: an array's record stays as long as its receipts
	}
	return &types.QueryJobResponse{Job: job, Spec: spec}, err
}

func (s queryServer) Jobs(ctx context.Context, req *types.QueryJobsRequest) (*types.QueryJobsResponse, error) {
	requester, err := s.k.addresses.StringToBytes(req.Requester)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "requester: %s", err)
	}
	if err := checkPage(req.Pagination, maxRecordsPage); err != nil {
		return nil, err
	}
	jobs, page, err := query.CollectionPaginate(ctx, s.k.requesters, req.Pagination,
		func(key collections.Pair[sdk.AccAddress, types.JobID], _ collections.NoValue) (types.Job, error) {
			return s.k.Job(ctx, key.K2())
		}, query.WithCollectionPaginationPairPrefix[sdk.AccAddress, types.JobID](requester))
	return &types.QueryJobsResponse{Jobs: jobs, Pagination: page}, err
}

func (s queryServer) TaskBits(ctx context.Context, req *types.QueryTaskBitsRequest) (*types.QueryTaskBitsResponse, error) {
	id, err := types.ParseJobID(req.JobId)
	if err != nil {
		return nil, notFound(err)
	}
	if err := checkPage(req.Pagination, maxRecordsPage); err != nil {
		return nil, err
	}
	if _, err := s.k.Job(ctx, id); err != nil {
		return nil, notFound(err)
	}
	pages, page, err := query.CollectionPaginate(ctx, s.k.taskBits, req.Pagination,
		func(key taskKey, bits types.TaskBits) (types.TaskBitsEntry, error) {
			return types.TaskBitsEntry{JobId: req.JobId, Index: key.K2(), Bits: bits}, nil
		}, query.WithCollectionPaginationPairPrefix[types.JobID, uint64](id))
	return &types.QueryTaskBitsResponse{TaskBits: pages, Pagination: page}, err
}

func (s queryServer) Market(ctx context.Context, req *types.QueryMarketRequest) (*types.QueryMarketResponse, error) {
	if _, err := s.k.nodes.Class(ctx, req.Class); err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	epoch, err := s.k.nodes.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	class, err := s.k.nodes.ClassSnapshot(ctx, req.Class, epoch)
	if err != nil {
		return nil, err
	}
	market, err := s.k.market(ctx, req.Class)
	return &types.QueryMarketResponse{
		Market: market, LiveNodes: class.Nodes, FundedSlots: class.Slots,
		FreeSlots: class.Slots - min(class.Slots, market.Held),
	}, err
}

func (s queryServer) Receipt(ctx context.Context, req *types.QueryReceiptRequest) (*types.QueryReceiptResponse, error) {
	id, err := types.ParseJobID(req.JobId)
	if err != nil {
		return nil, notFound(err)
	}
	receipt, err := s.k.Receipt(ctx, id, req.Task)
	return &types.QueryReceiptResponse{Receipt: receipt}, notFound(err)
}

func (s queryServer) Challenge(ctx context.Context, req *types.QueryChallengeRequest) (*types.QueryChallengeResponse, error) {
	id, err := types.ParseJobID(req.JobId)
	if err != nil {
		return nil, notFound(err)
	}
	c, found, err := s.k.challengeOf(ctx, id, req.Task)
	if err == nil && !found {
		return nil, notFound(types.ErrChallengeNotFound.Wrapf("task %d of job %s is not being judged, and was not found wrong", req.Task, id))
	}
	return &types.QueryChallengeResponse{Challenge: c}, err
}

func (s queryServer) Redeliveries(ctx context.Context, req *types.QueryRedeliveriesRequest) (*types.QueryRedeliveriesResponse, error) {
	page := req.Pagination
	if page == nil {
		page = &query.PageRequest{}
	}
	switch {
	case page.Limit > maxRecordsPage:
		return nil, checkPage(page, maxRecordsPage)
	case page.Offset > 0 || page.Reverse || page.CountTotal:
		return nil, status.Error(codes.InvalidArgument, "expected a page without offset, reverse or count_total: requests are read from a height on")
	}
	if len(page.Key) == 0 {
		from, err := collections.EncodeKeyWithPrefix(nil, s.k.redeliveries.KeyCodec(), collections.Join(req.FromHeight, types.JobID{}))
		if err != nil {
			return nil, err
		}
		page = &query.PageRequest{Key: from, Limit: page.Limit}
	}
	list, next, err := query.CollectionPaginate(ctx, s.k.redeliveries, page,
		func(key redeliveryKey, _ collections.NoValue) (types.JobRedelivery, error) {
			job, err := s.k.Job(ctx, key.K2())
			if err != nil || job.Redelivery == nil {
				return types.JobRedelivery{JobId: key.K2().String()}, err
			}
			return types.JobRedelivery{JobId: job.Id, Redelivery: *job.Redelivery}, nil
		})
	return &types.QueryRedeliveriesResponse{Redeliveries: list, Pagination: next}, err
}

func (s queryServer) Quote(ctx context.Context, req *types.QueryQuoteRequest) (*types.QueryQuoteResponse, error) {
	reward, err := coins.Parse(req.Reward)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "reward: expected a coin as in 1000000atfuel, found %q: %s", req.Reward, err)
	}
	if err := types.ValidateReward(reward); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	denom, ok := params.PaymentDenom(reward.Denom)
	if !ok {
		return nil, status.Errorf(codes.InvalidArgument, "reward: denom %s is not accepted; the params list those that are", reward.Denom)
	}
	if err := denom.CheckExpiry(sdk.UnwrapSDKContext(ctx).BlockHeight()); err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	spec := req.Spec(params, reward)
	if err := spec.CheckCost(params); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if err := spec.CheckDemand(); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if req.SpecBytes > types.MaxSpecBytes {
		return nil, status.Errorf(codes.InvalidArgument, "expected at most %d spec_bytes, found %d", types.MaxSpecBytes, req.SpecBytes)
	}
	q, err := s.k.quote(sdk.UnwrapSDKContext(ctx), params, denom.BondValue(reward.Amount), spec, int(req.SpecBytes), false)
	if err != nil {
		return nil, err
	}
	d := types.NewDemand(spec, q.policy, q.liability.Amount)
	d.InputBytes = req.InputBytes
	if tasks := spec.PerChunk(); tasks > 1 && q.policy.AuditBps > 0 {
		d.Kept = params.KeptBond(&types.Job{BondValue: q.bondValue, Policy: q.policy}, q.liability.Amount, tasks)
	}
	fit, err := s.k.fit(sdk.UnwrapSDKContext(ctx), &d, nil)
	if err != nil {
		return nil, err
	}
	resp := &types.QueryQuoteResponse{
		Reserve: q.reserve, PostingFee: q.postingFee, Liability: q.liability, LiveNodes: q.live, NeededNodes: q.needed, Fit: fit,
	}
	job := types.Job{Policy: q.policy, Slashable: q.slashed, Reward: reward}
	resp.Guarantee = job.Guarantee()
	resp.FailedPay = sdk.NewCoin(reward.Denom, params.FailedPay(&job, 1))
	if q.slashed {
		resp.JudgingNodes = params.JudgingNodes(q.policy)
	}
	return resp, nil
}

// maxChecked bounds the number of jobs and nodes that one query of Invariants walks.
const maxChecked = 10_000

func (s queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	n := 0
	err := s.k.jobs.Walk(ctx, nil, func(types.JobID, types.Job) (bool, error) {
		n++
		return n > maxChecked, nil
	})
	if err != nil {
		return nil, err
	}
	if n > maxChecked {
		return nil, types.ErrTooMany.Wrapf("at most %d jobs; check an exported state instead", maxChecked)
	}
	resp := &types.QueryInvariantsResponse{}
	for _, r := range s.k.CheckInvariants(ctx) {
		line := types.Invariant{Name: r.Name, Ok: r.Err == nil}
		if r.Err != nil {
			line.Detail = r.Err.Error()
		}
		resp.Invariants = append(resp.Invariants, line)
	}
	return resp, nil
}
