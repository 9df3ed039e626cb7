package client

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// CancelCost is the cost of cancelling a job.
type CancelCost struct {
	// Open is the number of the job's open tasks. Tasks that were never opened cost
	// nothing.
	Open uint64
	// SeatFee is the cost of each seat that is drawn or about to be drawn: nodes that hold
	// a seat earn the attempt fee from it, and the rest is burned.
	SeatFee sdk.Coin
	// Most is the cost of all seats of the open tasks.
	Most sdk.Coin
}

// CancelCost returns the cost of cancelling a job now. Tasks to which a node has committed
// run to their end and are paid all the same.
func (c *Client) CancelCost(ctx context.Context, jobID string) (*CancelCost, error) {
	answer, err := c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: jobID})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", jobID, plain(err))
	}
	job := &answer.Job
	fee := job.SeatFee
	if fee.IsNil() {
		fee = math.ZeroInt() // the chain has no seat fees yet
	}
	seats := math.NewIntFromUint64(job.Active()).MulRaw(int64(job.Policy.Replicas) + int64(job.Policy.Auditors))
	return &CancelCost{
		Open: job.Active(), SeatFee: sdk.Coin{Denom: job.Reward.Denom, Amount: fee},
		Most: sdk.Coin{Denom: job.Reward.Denom, Amount: fee.Mul(seats)},
	}, nil
}

// RedrawFee returns the cost of a draw that is bought before its time, without gas.
func (c *Client) RedrawFee(ctx context.Context) (sdk.Coin, error) {
	found, err := c.compute.Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return sdk.Coin{}, fmt.Errorf("fee of a draw: %w", plain(err))
	}
	return sdk.Coin{Denom: params.BaseDenom, Amount: found.Params.PostingFee(computetypes.DrawBytes)}, nil
}

// Redraw draws nodes now for a task that waits for its next draw.
func (c *Client) Redraw(ctx context.Context, signer Signer, jobID string, task uint64) (*computetypes.MsgRedrawResponse, error) {
	addr, err := addressText(signer.Address())
	if err != nil {
		return nil, err
	}
	var answer computetypes.MsgRedrawResponse
	msg := &computetypes.MsgRedraw{Requester: addr, JobId: jobID, Task: task}
	if err := c.ask(ctx, signer, msg, &answer); err != nil {
		return nil, fmt.Errorf("draw for task %d of job %s: %w", task, jobID, err)
	}
	return &answer, nil
}
