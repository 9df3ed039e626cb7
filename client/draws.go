package client

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// CancelCost is what it costs to cancel a job.
type CancelCost struct {
	// Open is how many of its tasks are open. Those that were never opened cost nothing.
	Open uint64
	// SeatFee is what each seat costs that is drawn, or about to be: nodes that hold one
	// earn the attempt fee out of it, the rest is burned.
	SeatFee sdk.Coin
	// Most is what all seats of the open tasks cost.
	Most sdk.Coin
}

// CancelCost says what it costs to cancel a job now. Tasks that somebody has committed to
// run to their end, and are paid, all the same.
func (c *Client) CancelCost(ctx context.Context, jobID string) (*CancelCost, error) {
	answer, err := c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: jobID})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", jobID, plain(err))
	}
	job := &answer.Job
	fee := job.SeatFee
	if fee.IsNil() {
		fee = math.ZeroInt() // a chain of before seats had one
	}
	seats := math.NewIntFromUint64(job.Active()).MulRaw(int64(job.Policy.Replicas) + int64(job.Policy.Auditors))
	return &CancelCost{
		Open: job.Active(), SeatFee: sdk.Coin{Denom: job.Reward.Denom, Amount: fee},
		Most: sdk.Coin{Denom: job.Reward.Denom, Amount: fee.Mul(seats)},
	}, nil
}

// RedrawFee is what a draw costs that is bought before its time, gas not counted.
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
