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

// maxChallenges bounds how often a proof is built anew because the tree has grown
// over it.
const maxChallenges = 4

// Challenge is doubt about an accepted result, rehearsed and not yet sent.
type Challenge struct {
	// JobID and Task name the result.
	JobID string
	Task  uint64
	// Judging counts the jobs that judge it already.
	Judging uint32
	// Reserved pays the judges. It comes back out of the losers' bond when they find
	// another result.
	Reserved sdk.Coin
	// PostingFee is burned for the bytes of the judging job's spec.
	PostingFee sdk.Coin
	// Posting is what the tx costs.
	Posting Cost

	msg *computetypes.MsgChallenge
}

// Message is what has to be signed to challenge.
func (c *Challenge) Message() sdk.Msg { return c.msg }

// Verdict is what came of a challenge.
type Verdict struct {
	*Settlement
	// Judged is what the chain said when the judging job ended.
	Judged computetypes.EventChallengeJudged
}

// PrepareChallenge rehearses the challenge of an accepted result and says what it
// would cost; nothing is signed. The receipt of an array's task is gathered from the
// events of the job's blocks, which the node must have kept, and shown to the chain
// with its place in the job's tree.
func (c *Client) PrepareChallenge(ctx context.Context, signer Signer, jobID string, task uint64) (*Challenge, error) {
	addr, err := addressText(signer.Address())
	if err != nil {
		return nil, err
	}
	job, err := c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: jobID})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", jobID, plain(err))
	}
	prepared := &Challenge{
		JobID: jobID, Task: task, msg: &computetypes.MsgChallenge{Challenger: addr, JobId: jobID, Task: task},
	}
	if job.Job.Tasks > 1 {
		if prepared.msg.Proof, err = c.receiptProof(ctx, &job.Job, task); err != nil {
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

// receiptProof gathers the receipts of an array up to now and shows the place of a
// task's among them.
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
	if want := job.TasksEnded - job.TasksDropped; uint64(len(receipts)) < want {
		return nil, fmt.Errorf("expected receipts of %d tasks of job %s, found %d; ask a node that keeps the results of all blocks from %d on",
			want, job.Id, len(receipts), job.PostedHeight)
	}
	return tree.Place(task)
}

// Challenge has the result judged and returns the id of the judging job. The tree of
// an array that goes on may grow over the proof: it is then built anew.
func (c *Client) Challenge(ctx context.Context, signer Signer, prepared *Challenge) (string, error) {
	for attempt := 1; ; attempt++ {
		response, err := c.transact(ctx, signer, prepared.Posting, prepared.msg)
		var refused *txError
		if prepared.msg.Proof != nil && attempt < maxChallenges &&
			errors.As(err, &refused) && refused.is(computetypes.ErrReceiptNotFound) {
			if prepared, err = c.PrepareChallenge(ctx, signer, prepared.JobID, prepared.Task); err != nil {
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

// AwaitVerdict reports each change of a judging job until it has ended, and returns
// what it found. The node must keep the results of the block in which it ended.
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
	return nil, fmt.Errorf("expected the verdict of job %s in block %d, found none; does it judge a challenge?", judgingJob, height)
}
