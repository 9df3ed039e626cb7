package adversary

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// replicas of a quorum, and the reward of each in whole tfuel.
	replicas, reward = 3, 1
	// prepareBlocks, commitBlocks and lifetimeBlocks of the usual job.
	prepareBlocks, commitBlocks, lifetimeBlocks = 10, 40, 2_000
	// postsPerTx is the number of jobs per transaction.
	postsPerTx = 20
)

// spec returns the usual job of the stage, checked by three nodes.
func (s *stage) spec() computetypes.JobSpec {
	return computetypes.JobSpec{
		Executor:      s.usual.work.profile,
		Program:       s.program,
		Inputs:        slices.Clone(s.inputs),
		Resources:     s.usual.work.resources,
		Class:         crowded,
		Policy:        computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: replicas},
		Reward:        params.TfuelCoin(reward),
		Tasks:         1,
		PrepareBlocks: s.usual.prepareBlocks, CommitBlocks: s.usual.commitBlocks, LifetimeBlocks: lifetimeBlocks,
		Sink: s.content.sink(),
	}
}

// posting is the cost of some jobs for their requester, apart from escrow.
type posting struct {
	ids []string
	// fees are gas and posting fees; reserved is the amount that went into escrow. Both are
	// in atfuel.
	fees, reserved math.Int
}

// post posts n jobs of a spec whose right answer is known.
func (s *stage) post(ctx context.Context, requester *chain.Sender, spec computetypes.JobSpec, right answer, n int) (posting, error) {
	p := posting{fees: math.ZeroInt(), reserved: math.ZeroInt()}
	for n > 0 {
		count := min(n, postsPerTx)
		msgs := make([]sdk.Msg, count)
		for i := range msgs {
			msgs[i] = &computetypes.MsgPostJob{Requester: requester.Address().String(), Spec: spec}
		}
		result, err := requester.Send(ctx, msgs...)
		if err != nil {
			return p, fmt.Errorf("post jobs: %w", err)
		}
		p.fees = p.fees.Add(s.rewards.MinGasPrice.MulRaw(result.GasWanted))
		for _, raw := range result.Responses {
			var answer computetypes.MsgPostJobResponse
			if err := answer.Unmarshal(raw.Value); err != nil {
				return p, err
			}
			p.ids = append(p.ids, answer.JobId)
			p.fees, p.reserved = p.fees.Add(answer.PostingFee.Amount), p.reserved.Add(answer.Reserved.Amount)
			s.mu.Lock()
			s.truths[answer.JobId] = right
			s.mu.Unlock()
		}
		n -= count
	}
	return p, nil
}

// ended is a job that is over. It does not contain a receipt for a task that was never
// unrolled, nor for the only task of a job if no node took part in it.
type ended struct {
	job      computetypes.Job
	receipts []computetypes.Receipt
}

// finish waits until all jobs are over.
func (s *stage) finish(ctx context.Context, ids []string) ([]ended, error) {
	over := make([]ended, 0, len(ids))
	for _, id := range ids {
		var job computetypes.Job
		err := s.await(ctx, "the end of job "+id, func() (found bool, err error) {
			job, _, err = s.reader.Job(ctx, id)
			return job.ClosedHeight > 0, err
		})
		if err != nil {
			return over, fmt.Errorf("%w; job %s is %s", err, id, job.Status)
		}
		receipts, err := s.receipts(ctx, &job)
		if err != nil {
			return over, err
		}
		over = append(over, ended{job, receipts})
	}
	return over, nil
}

// receipts returns the receipts of a job that is over. Those of an array are in the events of
// its blocks.
func (s *stage) receipts(ctx context.Context, job *computetypes.Job) ([]computetypes.Receipt, error) {
	if job.Tasks == 1 {
		receipt, err := s.reader.Receipt(ctx, job.Id, 0)
		if errors.Is(err, chain.ErrNotFound) {
			return nil, nil
		}
		return []computetypes.Receipt{receipt}, err
	}
	var own []computetypes.Receipt
	tasks := uint64(0)
	for height := job.PostedHeight; height <= job.ClosedHeight; height++ {
		all, err := s.reader.EndedAt(ctx, height)
		if err != nil {
			return own, err
		}
		for _, receipt := range all {
			if receipt.JobId == job.Id {
				own, tasks = append(own, receipt), tasks+receipt.Tasks()
			}
		}
	}
	if opened := job.Tasks - job.TasksDropped; tasks != opened {
		return own, fmt.Errorf("expected the events of job %s to hold the receipts of %d tasks, found %d", job.Id, opened, tasks)
	}
	return own, nil
}

// parts lists the parts of some nodes in jobs that are over.
func parts(over []ended, hands []*hand) []computetypes.Outcome {
	mine := make(map[string]bool, len(hands))
	for _, h := range hands {
		mine[h.address()] = true
	}
	var found []computetypes.Outcome
	for _, e := range over {
		for _, receipt := range e.receipts {
			for _, outcome := range receipt.Outcomes {
				if mine[outcome.Operator] {
					found = append(found, outcome)
				}
			}
		}
	}
	return found
}

// count returns how many parts ended with a status.
func count(parts []computetypes.Outcome, status computetypes.AssignmentStatus) int {
	n := 0
	for _, part := range parts {
		if part.Status == status {
			n++
		}
	}
	return n
}

// accepted returns how many tasks have a result.
func accepted(over []ended) int { return len(endedAs(over, computetypes.CHUNK_STATUS_ACCEPTED)) }

// endedAs returns the receipts of the tasks that ended with a status.
func endedAs(over []ended, status computetypes.ChunkStatus) []computetypes.Receipt {
	var found []computetypes.Receipt
	for _, e := range over {
		for _, receipt := range e.receipts {
			if receipt.Status == status {
				found = append(found, receipt)
			}
		}
	}
	return found
}
