package client

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// jobsPage is the number of a requester's jobs that are asked for at a time.
const jobsPage = 100

// jobOf looks for the job of a state among the jobs of its requester, at least at a given
// height. Each spec names a drop box of its own, so its digest is in no other job, except
// in a job that another account posts with a copied spec; such a job is older than the
// transactions. The job's absence is certain for as long as the chain keeps ended jobs.
func (c *Client) jobOf(ctx context.Context, state *State, least int64) (trace, error) {
	spec, err := state.JobSpec()
	if err != nil {
		return trace{}, err
	}
	digest, err := computetypes.SpecDigest(&spec)
	if err != nil {
		return trace{}, err
	}
	page, pages := &query.PageRequest{Limit: jobsPage, Reverse: true}, grpcnode.Pages{}
	height := int64(math.MaxInt64)
	for {
		var header metadata.MD
		answer, err := c.compute.Jobs(ctx, &computetypes.QueryJobsRequest{Requester: state.Requester, Pagination: page}, grpc.Header(&header))
		if err != nil {
			return trace{}, fmt.Errorf("jobs of %s: %w", state.Requester, plain(err))
		}
		at, err := grpcnode.HeightIn(header)
		if err != nil {
			return trace{}, err
		}
		height = min(height, at)
		for _, job := range answer.Jobs {
			if bytes.Equal(job.SpecDigest, digest) && (state.TxHeight == 0 || job.PostedHeight > state.TxHeight) {
				return trace{found: true, what: job}, nil
			}
		}
		var next []byte
		if oldest := len(answer.Jobs) > 0 && answer.Jobs[len(answer.Jobs)-1].PostedHeight < state.TxHeight; !oldest {
			if next, err = pages.Next(answer.Pagination); err != nil {
				return trace{}, fmt.Errorf("jobs of %s: %w", state.Requester, err)
			}
		}
		if next == nil {
			if height < least {
				return trace{}, errBehind
			}
			certain, err := c.kept(ctx, state, height)
			return trace{certain: certain}, err
		}
		page = &query.PageRequest{Key: next, Limit: jobsPage, Reverse: true}
	}
}

// errBehind means that one of several machines behind an address is behind another one. The
// request is repeated.
var errBehind = status.Error(codes.Unavailable, "the node is behind the state that it has shown before")

// kept reports whether a job that was posted since a state's first transaction was signed
// is still listed at a height.
func (c *Client) kept(ctx context.Context, state *State, height int64) (bool, error) {
	if state.TxHeight == 0 {
		return false, nil
	}
	answer, err := c.compute.Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return false, fmt.Errorf("compute parameters: %w", plain(err))
	}
	return height-state.TxHeight <= int64(answer.Params.RetentionBlocks), nil //nolint:gosec // bounded by the parameters' validation
}
