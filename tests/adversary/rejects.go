package adversary

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// reviewBlocks is the number of blocks within which a requester may reject under TRUST.
	reviewBlocks = 60
	trustPolicy  = "TRUST"
)

// rejecter is a requester who takes every result and rejects it.
type rejecter struct{}

func (rejecter) name() string { return "rejects good work" }

func (b rejecter) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: b.name(), Policy: trustPolicy, Jobs: badJobs, Trials: badJobs,
		Formula: "-jobs·R - posting - gas: what a rejection keeps from the node is burned",
	}
	key := newKeyPair()
	if err := s.fund(ctx, 4*badJobs*reward, key.Address()); err != nil {
		return row, err
	}
	wallet, sender := purse{accounts: []string{key.Address().String()}}, s.senders.of(key, 1)
	before, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	spec := s.spec()
	spec.Policy = computetypes.Policy{Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: reviewBlocks}
	// Under TRUST, nodes work for requesters who name them.
	var ids []string
	fees := math.ZeroInt()
	for _, node := range s.net.Nodes()[:badJobs] {
		spec.Policy.Node = node.Operator
		posted, err := s.post(ctx, sender, spec, s.plain, 1)
		if err != nil {
			return row, err
		}
		ids, fees = append(ids, posted.ids...), fees.Add(posted.fees)
	}
	for _, job := range ids {
		if err := s.awaitReview(ctx, job); err != nil {
			return row, err
		}
		result, err := sender.Send(ctx, &computetypes.MsgReview{
			Requester: key.Address().String(), Items: []computetypes.ReviewItem{{JobId: job}},
		})
		if err != nil {
			return row, err
		}
		fees = fees.Add(s.rewards.MinGasPrice.MulRaw(result.GasWanted))
	}
	over, err := s.finish(ctx, ids)
	if err != nil {
		return row, err
	}
	after, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	c, t := between(before, after), s.terms()
	row.Gain, row.Loss = inTfuel(c.gain), inTfuel(c.loss)
	row.Predicted = -float64(badJobs)*t.reward - inTfuel(fees)
	paid := params.Tfuel(0)
	for _, e := range over {
		for _, receipt := range e.receipts {
			for _, outcome := range receipt.Outcomes {
				paid = paid.Add(outcome.Paid)
			}
		}
	}
	row.Note = fmt.Sprintf("nodes got %g of %d: who works under TRUST chooses whom to trust", inTfuel(paid), badJobs*reward)
	return row.judged(), nil
}

// awaitReview waits until a job's result may be reviewed.
func (s *stage) awaitReview(ctx context.Context, job string) error {
	return s.await(ctx, "the result of job "+job, func() (bool, error) {
		answer, err := computetypes.NewQueryClient(s.net.Conn()).Chunk(ctx, &computetypes.QueryChunkRequest{JobId: job})
		if err != nil || len(answer.Chunk.Rounds) == 0 {
			return false, err
		}
		return answer.Chunk.Rounds[0].Phase == computetypes.ROUND_PHASE_REVIEW, nil
	})
}
