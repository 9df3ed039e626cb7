package client

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Settlement is how a job ended.
type Settlement struct {
	// Job is the last state of the job.
	Job computetypes.Job
	// Receipt says what each node did and earned; nil if no node ever took part.
	Receipt *computetypes.Receipt
}

// Accepted reports whether there is a verified result to download.
func (s *Settlement) Accepted() bool {
	return s.Receipt != nil && s.Receipt.Status == computetypes.CHUNK_STATUS_ACCEPTED && len(s.Receipt.Tags) > 0
}

// Paid returns the pay of all nodes together, before the fee split.
func (s *Settlement) Paid() sdk.Coin {
	total := math.ZeroInt()
	if s.Receipt != nil {
		for _, outcome := range s.Receipt.Outcomes {
			total = total.Add(outcome.Paid)
		}
	}
	return sdk.Coin{Denom: s.Job.Reward.Denom, Amount: total}
}

// Refund returns what was refunded from escrow.
func (s *Settlement) Refund() sdk.Coin {
	return sdk.Coin{Denom: s.Job.Reward.Denom, Amount: s.Job.Refunded}
}

// Watch reports each change of a job that changes its progress line, until the job has
// ended. If the node of the chain does not answer, Watch waits for it; the end of ctx ends
// the watch.
func (c *Client) Watch(ctx context.Context, jobID string, report func(Progress)) (*Settlement, error) {
	tell, quiet := once(report), quiet{client: c, jobID: jobID}
	for {
		settlement, progress, err := c.look(ctx, jobID)
		switch {
		case err == nil && settlement != nil:
			tell(Progress{Stage: StageSettled, Status: settlement.Job.Status})
			return settlement, nil
		case err == nil:
			tell(quiet.explained(ctx, progress, func() uint64 { return 0 }))
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case unreachable(err):
			tell(Progress{Stage: StageOffline})
		default:
			return nil, fmt.Errorf("job %s: %w", jobID, plain(err))
		}
		if err := c.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// once reports a progress line only if it differs from the last one.
func once(report func(Progress)) func(Progress) {
	var last string
	return func(p Progress) {
		if line := p.String(); line != last {
			last = line
			report(p)
		}
	}
}

// Settlement returns how a job ended; nil if it has not.
func (c *Client) Settlement(ctx context.Context, jobID string) (*Settlement, error) {
	settlement, _, err := c.look(ctx, jobID)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", jobID, plain(err))
	}
	return settlement, nil
}

// look asks for a job once. It returns the job's settlement if it has ended, otherwise its
// progress.
func (c *Client) look(ctx context.Context, jobID string) (*Settlement, Progress, error) {
	answer, err := c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: jobID})
	if err != nil {
		return nil, Progress{}, err
	}
	if answer.Job.Ended() {
		settlement := &Settlement{Job: answer.Job}
		receipt, err := c.compute.Receipt(ctx, &computetypes.QueryReceiptRequest{JobId: jobID})
		switch {
		case err == nil:
			settlement.Receipt = &receipt.Receipt
		case !isNotFound(err):
			return nil, Progress{}, err
		}
		return settlement, Progress{}, nil
	}
	task, err := c.compute.Chunk(ctx, &computetypes.QueryChunkRequest{JobId: jobID})
	if isNotFound(err) {
		// Since the first request the task has ended, or no node has claimed it yet.
		return nil, Progress{Stage: StageSeed, Status: answer.Job.Status}, nil
	}
	if err != nil {
		return nil, Progress{}, err
	}
	return nil, progressOf(answer.Job, task.Chunk), nil
}
