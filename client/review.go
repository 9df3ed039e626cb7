package client

import (
	"context"
	"errors"
	"fmt"
	"os"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ErrNotInReview means that the task has no result that its requester can still reject.
var ErrNotInReview = errors.New("no result waits for a review")

// InReview is a result under the trust policy that was revealed and not yet accepted or
// rejected.
type InReview struct {
	// Result is on this machine, and matches the tag that Node has revealed.
	*Result
	// Node is the operator of the node that made the result.
	Node string
	// First is the first task of the result's chunk, and Tasks the number of the chunk's
	// tasks. A review names First and is about all of them.
	First, Tasks uint64
	// Deadline is the last height at which the result can be rejected.
	Deadline int64
}

// FetchInReview downloads a result in review from its drop box into dir and checks it
// against the tag that its node has revealed. Only that node claims that the result is
// correct: inspect it, then call Review. Correct files that are there already are not
// downloaded again. Results of an array's tasks go into subfolders of dir, as in
// FollowArray. The error wraps ErrNotInReview if there is nothing to review.
func (c *Client) FetchInReview(ctx context.Context, state *State, task uint64, dir string) (*InReview, error) {
	answer, err := c.compute.Chunk(ctx, &computetypes.QueryChunkRequest{JobId: state.JobID, Task: task})
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
	if shown.Tasks() > 1 {
		found.Result, err = c.fetchOne(ctx, state, shown, task, dir)
		return found, err
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

// fetchOne downloads the result of one task of a chunk, into its folder below dir.
func (c *Client) fetchOne(ctx context.Context, state *State, receipt *computetypes.Receipt, task uint64, dir string) (*Result, error) {
	if !receipt.Covers(task) {
		return nil, fmt.Errorf("expected the chunk of task %d of job %s, found that of tasks %d to %d: the node lies; use another node",
			task, receipt.JobId, receipt.Task, receipt.Task+receipt.Tasks()-1)
	}
	position := uint32(task - receipt.Task) //nolint:gosec // bounded by MaxChunkTasks
	wanted := map[uint32]error{position: nil}
	remarks, err := c.fetchChunk(ctx, state, receipt, dir, wanted)
	if why, missing := wanted[position]; err == nil && missing {
		err = why
	}
	if err != nil {
		return nil, err
	}
	index, err := readIndex(c.chainID, receipt, dir)
	if err != nil {
		return nil, err
	}
	result, err := verifyLeaf(&index.Leaves[position], taskFolder(dir, task))
	if err != nil {
		return nil, err
	}
	result.Tag, result.Remarks = receipt.Tags[0], remarks
	return result, nil
}

// inReview returns a task in review. The receipt is the one that the task will have when the
// result is accepted, as far as downloading needs it.
func inReview(answer *computetypes.QueryChunkResponse) (*InReview, *computetypes.Receipt, error) {
	rounds := answer.Chunk.Rounds
	if len(rounds) == 0 || rounds[len(rounds)-1].Phase != computetypes.ROUND_PHASE_REVIEW {
		return nil, nil, fmt.Errorf("%w: results are in review under the trust policy, after their node has revealed them", ErrNotInReview)
	}
	receipt := &computetypes.Receipt{JobId: answer.Chunk.JobId, Task: answer.Chunk.Index, Count: answer.Chunk.Count, Tags: make([][]byte, len(rounds))}
	if receipt.Tasks() > computetypes.MaxChunkTasks {
		return nil, nil, fmt.Errorf("expected a chunk of at most %d tasks, found %d: the node lies; use another node", computetypes.MaxChunkTasks, receipt.Tasks())
	}
	found := &InReview{Deadline: rounds[len(rounds)-1].ReviewDeadline, First: receipt.Task, Tasks: receipt.Tasks()}
	for r := range rounds {
		for _, a := range rounds[r].Replicas {
			if a.Status == computetypes.ASSIGNMENT_STATUS_REVEALED {
				found.Node, receipt.Tags[r], receipt.Fuel, receipt.ExitCode = a.Operator, a.Tag, a.Metrics.Fuel, a.ExitCode
				receipt.Outcomes = append(receipt.Outcomes, computetypes.Outcome{Operator: a.Operator})
			}
		}
	}
	return found, receipt, nil
}

// Review accepts or rejects results under the trust policy in one transaction. It returns
// an error that names each task for which the chain refused it.
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
