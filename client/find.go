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

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// jobsPage is how many jobs of a requester are asked for at a time.
const jobsPage = 100

// jobOf looks for the job of a state among those of its requester, after a height at
// least. A spec names a drop box of its own, so its digest is in no other job, but for a
// spec that somebody posts again: that job is older than the txs. That the job is not there is certain for as long as the chain keeps jobs that have ended.
func (c *Client) jobOf(ctx context.Context, state *State, least int64) (trace, error) {
	spec, err := state.JobSpec()
	if err != nil {
		return trace{}, err
	}
	digest, err := computetypes.SpecDigest(&spec)
	if err != nil {
		return trace{}, err
	}
	page := &query.PageRequest{Limit: jobsPage, Reverse: true}
	height := int64(math.MaxInt64)
	for {
		var header metadata.MD
		answer, err := c.compute.Jobs(ctx, &computetypes.QueryJobsRequest{Requester: state.Requester, Pagination: page}, grpc.Header(&header))
		if err != nil {
			return trace{}, fmt.Errorf("jobs of %s: %w", state.Requester, plain(err))
		}
		at, err := heightIn(header)
		if err != nil {
			return trace{}, err
		}
		height = min(height, at)
		for _, job := range answer.Jobs {
			if bytes.Equal(job.SpecDigest, digest) && (state.TxHeight == 0 || job.PostedHeight > state.TxHeight) {
				return trace{found: true, what: job}, nil
			}
		}
		oldest := len(answer.Jobs) > 0 && answer.Jobs[len(answer.Jobs)-1].PostedHeight < state.TxHeight
		if oldest || answer.Pagination == nil || len(answer.Pagination.NextKey) == 0 {
			if height < least {
				return trace{}, errBehind
			}
			certain, err := c.kept(ctx, state, height)
			return trace{certain: certain}, err
		}
		page = &query.PageRequest{Key: answer.Pagination.NextKey, Limit: jobsPage, Reverse: true}
	}
}

// errBehind: of the machines behind one address, one is behind another. It is asked
// again.
var errBehind = status.Error(codes.Unavailable, "the node is behind what it has shown before")

// kept tells whether a job that was posted since a state's first tx was signed is still
// listed at a height.
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
