package client

import (
	"context"
	"errors"
	"fmt"
	"os"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ErrNotInReview: the task has no result that its requester may still reject.
var ErrNotInReview = errors.New("no result waits for a review")

// InReview is a result under TRUST that has been shown and not been judged.
type InReview struct {
	// Result is here, and every byte of it is what Node has revealed the tag of.
	*Result
	// Node is the operator who made it.
	Node string
	// Deadline is the last height at which it may be rejected.
	Deadline int64
}

// FetchInReview brings a result that waits for its requester's word from its drop
// box into dir, checked against the tag that its node has revealed. Nothing but
// that node says that it is right: look at it, then Review it. Files that are there
// already and right are not fetched again. Results of an array's tasks go into a
// folder of dir, as FollowArray does it. The error wraps ErrNotInReview when there
// is nothing to judge.
func (c *Client) FetchInReview(ctx context.Context, state *State, task uint64, dir string) (*InReview, error) {
	answer, err := c.compute.Task(ctx, &computetypes.QueryTaskRequest{JobId: state.JobID, Task: task})
	if isNotFound(err) {
		return nil, fmt.Errorf("task %d of job %s: %w: %w", task, state.JobID, ErrNotInReview, plain(err))
	}
	if err != nil {
		return nil, fmt.Errorf("task %d of job %s: %w", task, state.JobID, plain(err))
	}
	found, shown, err := inReview(answer)
	if err != nil {
		return nil, fmt.Errorf("task %d of job %s: %w", task, state.JobID, err)
	}
	if state.Array() {
		dir = taskFolder(dir, task)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // results are the owner's to share
		return nil, err
	}
	found.Result, err = c.fetchReceipt(ctx, state, shown, dir)
	return found, err
}

// inReview reads a task under review. The receipt says what the task's own will say
// once the result is accepted, as far as fetching it goes.
func inReview(answer *computetypes.QueryTaskResponse) (*InReview, *computetypes.Receipt, error) {
	rounds := answer.Task.Rounds
	if len(rounds) == 0 || rounds[len(rounds)-1].Phase != computetypes.ROUND_PHASE_REVIEW {
		return nil, nil, fmt.Errorf("%w: results are reviewed under trust, once their node has revealed them", ErrNotInReview)
	}
	receipt := &computetypes.Receipt{JobId: answer.Task.JobId, Task: answer.Task.Index, Tags: make([][]byte, len(rounds))}
	found := &InReview{Deadline: rounds[len(rounds)-1].ReviewDeadline}
	for r := range rounds {
		for _, a := range rounds[r].Replicas {
			if a.Status == computetypes.ASSIGNMENT_STATUS_REVEALED {
				found.Node, receipt.Tags[r], receipt.Fuel = a.Operator, a.Tag, a.Metrics.Fuel
				receipt.Outcomes = append(receipt.Outcomes, computetypes.Outcome{Operator: a.Operator})
			}
		}
	}
	return found, receipt, nil
}

// Review accepts or rejects results under TRUST, one tx for all. It returns an error
// that names each task on which the chain refused.
func (c *Client) Review(ctx context.Context, signer Signer, items []computetypes.ReviewItem) error {
	addr, err := addressText(signer.Address())
	if err != nil {
		return err
	}
	var answer computetypes.MsgReviewResponse
	if err := c.ask(ctx, signer, &computetypes.MsgReview{Requester: addr, Items: items}, &answer); err != nil {
		return fmt.Errorf("review: %w", err)
	}
	if len(answer.Results) != len(items) {
		return fmt.Errorf("review: expected %d answers, found %d", len(items), len(answer.Results))
	}
	var refused []error
	for i, result := range answer.Results {
		if result.Code != 0 {
			refused = append(refused, fmt.Errorf("task %d of job %s: %s (%s %d)", items[i].Task, items[i].JobId, result.Log, result.Codespace, result.Code))
		}
	}
	return errors.Join(refused...)
}
