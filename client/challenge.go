package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// maxChallenges bounds how often a proof is built again because the tree has grown.
const maxChallenges = 4

// Challenge is the challenge of an accepted result, simulated and not sent yet.
type Challenge struct {
	// JobID and Task name the result.
	JobID string
	Task  uint64
	// First is the first of the tasks whose results are judged, and Tasks is their number: 1,
	// or all tasks of a chunk.
	First, Tasks uint64
	// Judging is the number of jobs that already judge the result.
	Judging uint32
	// Reserved pays the judges. It is repaid from the losers' bond if they find another
	// result.
	Reserved sdk.Coin
	// PostingFee is burned for the bytes of the judging job's spec.
	PostingFee sdk.Coin
	// Posting is the cost of the transaction.
	Posting Cost

	msg *computetypes.MsgChallenge
	// results is the folder with the array's results; empty if it was not given.
	results string
}

// Message is the message to sign for the challenge.
func (c *Challenge) Message() sdk.Msg { return c.msg }

// Verdict is the end of a challenge.
type Verdict struct {
	*Settlement
	// Judged is the event with which the judging job ended.
	Judged computetypes.EventChallengeJudged
}

// PrepareChallenge simulates the challenge of an accepted result and returns what it would
// cost; nothing is signed. For a task of an array it collects the receipts from the events
// of the job's blocks, which the node must have kept, and proves the task's position in the
// job's tree. For a task of a chunk of several it also proves what the chunk's node has
// delivered for that task, with the results that are saved in the folder results. If results
// is empty, the whole chunk is challenged: judges execute all of its tasks.
func (c *Client) PrepareChallenge(ctx context.Context, signer Signer, jobID string, task uint64, results string) (*Challenge, error) {
	addr, err := addressText(signer.Address())
	if err != nil {
		return nil, err
	}
	job, err := c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: jobID})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", jobID, plain(err))
	}
	prepared := &Challenge{
		JobID: jobID, Task: task, First: task, Tasks: 1, msg: &computetypes.MsgChallenge{Challenger: addr, JobId: jobID, Task: task},
		results: results,
	}
	if job.Job.Tasks > 1 {
		if prepared.msg.Proof, err = c.receiptProof(ctx, &job.Job, task); err != nil {
			return nil, err
		}
		if err := c.proveLeaf(prepared); err != nil {
			return nil, err
		}
	}
	answer, err := c.compute.Challenge(ctx, &computetypes.QueryChallengeRequest{JobId: jobID, Task: task})
	switch {
	case err == nil:
		prepared.Judging = answer.Challenge.Judging
	case !isNotFound(err):
		return nil, fmt.Errorf("challenge of task %d of job %s: %w", task, jobID, plain(err))
	}
	var posted computetypes.MsgChallengeResponse
	if prepared.Posting, err = c.rehearse(ctx, signer, prepared.msg, &posted); err != nil {
		return nil, fmt.Errorf("challenge task %d of job %s: %w", task, jobID, err)
	}
	prepared.Reserved, prepared.PostingFee = posted.Reserved, posted.PostingFee
	return prepared, nil
}

// proveLeaf adds the result of a task of a chunk of several, with its path to the chunk's root.
// Without a folder of results, the challenge is about the whole chunk.
func (c *Client) proveLeaf(prepared *Challenge) error {
	receipt := &prepared.msg.Proof.Receipt
	if receipt.Tasks() == 1 {
		return nil
	}
	if prepared.results == "" {
		prepared.First, prepared.Tasks = receipt.Task, receipt.Tasks()
		return nil
	}
	proof, err := ProveTask(c.chainID, receipt, prepared.results, prepared.Task)
	if err != nil {
		return fmt.Errorf("%w; if the node has not delivered the chunk of task %d, leave --out out: all %d tasks of the chunk are then judged, and you pay for all of them",
			err, prepared.Task, receipt.Tasks())
	}
	leaf := leafOf(c.chainID, receipt, proof.Task, &proof.Leaf)
	prepared.msg.Leaf, prepared.msg.Siblings = &leaf, proof.Siblings
	return nil
}

// receiptProof collects the receipts of an array up to now and proves the position of a
// task's receipt among them.
func (c *Client) receiptProof(ctx context.Context, job *computetypes.Job, task uint64) (*computetypes.ReceiptProof, error) {
	last := job.ClosedHeight
	if !job.Ended() {
		var err error
		if last, err = c.Height(ctx); err != nil {
			return nil, err
		}
	}
	var receipts []computetypes.Receipt
	for height := job.PostedHeight; height <= last; height++ {
		ended, err := c.Receipts(ctx, height)
		if err != nil {
			return nil, err
		}
		receipts = append(receipts, slices.DeleteFunc(ended, func(r computetypes.Receipt) bool { return r.JobId != job.Id })...)
	}
	tree, err := proven.NewArray(job.Id, receipts)
	if err != nil {
		return nil, err
	}
	if want := proven.Leaves(job); uint64(len(receipts)) < want {
		return nil, fmt.Errorf("expected %d receipts of job %s, found %d; ask a node that keeps the results of all blocks from %d on",
			want, job.Id, len(receipts), job.PostedHeight)
	}
	return tree.Place(task)
}

// Challenge has the result judged and returns the id of the judging job. If the array
// continues and its tree has grown since the proof was built, the proof is built again.
func (c *Client) Challenge(ctx context.Context, signer Signer, prepared *Challenge) (string, error) {
	for attempt := 1; ; attempt++ {
		response, err := c.transact(ctx, signer, prepared.Posting, prepared.msg)
		if prepared.msg.Proof != nil && attempt < maxChallenges && errors.Is(err, computetypes.ErrReceiptNotFound) {
			if prepared, err = c.PrepareChallenge(ctx, signer, prepared.JobID, prepared.Task, prepared.results); err != nil {
				return "", err
			}
			continue
		}
		if err != nil {
			return "", fmt.Errorf("challenge task %d of job %s: %w", prepared.Task, prepared.JobID, err)
		}
		var answer computetypes.MsgChallengeResponse
		if err := answerOf(response, &answer); err != nil {
			return "", err
		}
		return answer.JudgingJob, nil
	}
}

// AwaitVerdict reports each change of a judging job until it has ended, and returns its
// verdict. The node must keep the results of the block in which the job ended.
func (c *Client) AwaitVerdict(ctx context.Context, judgingJob string, report func(Progress)) (*Verdict, error) {
	settlement, err := c.Watch(ctx, judgingJob, report)
	if err != nil {
		return nil, err
	}
	height := settlement.Job.ClosedHeight
	if settlement.Receipt != nil {
		height = settlement.Receipt.Height
	}
	events, err := c.events(ctx, height)
	if err != nil {
		return nil, err
	}
	for _, event := range events {
		judged, err := computetypes.JudgedIn(*event)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w; this program may be older than the chain", height, err)
		}
		if judged != nil && judged.JudgingJob == judgingJob {
			return &Verdict{Settlement: settlement, Judged: *judged}, nil
		}
	}
	return nil, fmt.Errorf("expected the verdict of job %s in block %d, found none; check that this job judges a challenge", judgingJob, height)
}
