package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

type msgServer struct{ k *Keeper }

// NewMsgServer returns the server of the messages of x/compute.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k: k} }

func (s msgServer) PostJob(ctx context.Context, msg *types.MsgPostJob) (*types.MsgPostJobResponse, error) {
	job, fee, err := s.k.PostJob(sdk.UnwrapSDKContext(ctx), msg.Requester, msg.Spec)
	if err != nil {
		return nil, err
	}
	return &types.MsgPostJobResponse{
		JobId: job.Id, Reserved: sdk.NewCoin(job.Reward.Denom, job.Reserved), PostingFee: fee,
	}, nil
}

func (s msgServer) CancelJob(ctx context.Context, msg *types.MsgCancelJob) (*types.MsgCancelJobResponse, error) {
	refund, err := s.k.CancelJob(sdk.UnwrapSDKContext(ctx), msg.Requester, msg.JobId)
	if err != nil {
		return nil, err
	}
	return &types.MsgCancelJobResponse{Refund: refund}, nil
}

func (s msgServer) TopUpJob(ctx context.Context, msg *types.MsgTopUpJob) (*types.MsgTopUpJobResponse, error) {
	job, reserved, err := s.k.TopUpJob(sdk.UnwrapSDKContext(ctx), msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgTopUpJobResponse{Reserved: reserved, Tasks: job.Tasks, ExpiresHeight: job.ExpiresHeight}, nil
}

func (s msgServer) Redraw(ctx context.Context, msg *types.MsgRedraw) (*types.MsgRedrawResponse, error) {
	height, fee, err := s.k.Redraw(sdk.UnwrapSDKContext(ctx), msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgRedrawResponse{SeedHeight: height, Fee: fee}, nil
}

func (s msgServer) Redeliver(ctx context.Context, msg *types.MsgRedeliver) (*types.MsgRedeliverResponse, error) {
	asked, fee, err := s.k.Redeliver(sdk.UnwrapSDKContext(ctx), msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgRedeliverResponse{Redelivery: asked, PostingFee: fee}, nil
}

func (s msgServer) Review(ctx context.Context, msg *types.MsgReview) (*types.MsgReviewResponse, error) {
	results, err := orRefused(batch(ctx, s.k, "review", msg.Requester, msg.Items, func(t *round.Chunk, item types.ReviewItem) error {
		if err := s.k.checkRequester(t.Job(), msg.Requester); err != nil {
			return err
		}
		return t.Review(item.Accept)
	}))
	if err != nil {
		return nil, err
	}
	return &types.MsgReviewResponse{Results: results}, nil
}

func (s msgServer) Challenge(ctx context.Context, msg *types.MsgChallenge) (*types.MsgChallengeResponse, error) {
	job, fee, err := s.k.Challenge(sdk.UnwrapSDKContext(ctx), msg)
	if err != nil {
		return nil, err
	}
	return &types.MsgChallengeResponse{
		JudgingJob: job.Id, Reserved: sdk.NewCoin(job.Reward.Denom, job.Reserved), PostingFee: fee,
	}, nil
}

// Claim does not fail if all its items fail: losing a draw is normal, and must not undo the
// commits and reveals in the same transaction.
func (s msgServer) Claim(ctx context.Context, msg *types.MsgClaim) (*types.MsgClaimResponse, error) {
	done, err := workerBatch(ctx, s.k, "claim", msg.Worker, msg.Items, (*round.Chunk).Claim)
	if err != nil {
		return nil, err
	}
	return &types.MsgClaimResponse{Results: done.results}, nil
}

func (s msgServer) Commit(ctx context.Context, msg *types.MsgCommit) (*types.MsgCommitResponse, error) {
	results, err := orRefused(workerBatch(ctx, s.k, "commit", msg.Worker, msg.Items, (*round.Chunk).Commit))
	if err != nil {
		return nil, err
	}
	return &types.MsgCommitResponse{Results: results}, nil
}

func (s msgServer) Reveal(ctx context.Context, msg *types.MsgReveal) (*types.MsgRevealResponse, error) {
	results, err := orRefused(workerBatch(ctx, s.k, "reveal", msg.Worker, msg.Items, (*round.Chunk).Reveal))
	if err != nil {
		return nil, err
	}
	return &types.MsgRevealResponse{Results: results}, nil
}

func (s msgServer) Open(ctx context.Context, msg *types.MsgOpen) (*types.MsgOpenResponse, error) {
	results, err := orRefused(workerBatch(ctx, s.k, "open", msg.Worker, msg.Items, (*round.Chunk).Open))
	if err != nil {
		return nil, err
	}
	return &types.MsgOpenResponse{Results: results}, nil
}

func (s msgServer) Release(ctx context.Context, msg *types.MsgRelease) (*types.MsgReleaseResponse, error) {
	results, err := orRefused(workerBatch(ctx, s.k, "release", msg.Worker, msg.Items, (*round.Chunk).Release))
	if err != nil {
		return nil, err
	}
	return &types.MsgReleaseResponse{Results: results}, nil
}

func (s msgServer) Yield(ctx context.Context, msg *types.MsgYield) (*types.MsgYieldResponse, error) {
	results, err := orRefused(workerBatch(ctx, s.k, "yield", msg.Worker, msg.Items, (*round.Chunk).Yield))
	if err != nil {
		return nil, err
	}
	return &types.MsgYieldResponse{Results: results}, nil
}

func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, msg.Authority); err != nil {
		return nil, err
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, s.k.params.Set(ctx, msg.Params)
}

func (s msgServer) UpdateCarbonFactors(ctx context.Context, msg *types.MsgUpdateCarbonFactors) (*types.MsgUpdateCarbonFactorsResponse, error) {
	return &types.MsgUpdateCarbonFactorsResponse{}, s.k.setCarbonFactors(ctx, msg.Authority, msg.Factors)
}
