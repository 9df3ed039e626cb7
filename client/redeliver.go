package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// NodeRetention is how long nodes keep outputs and try to deliver them, unless their
// operators have set another work.retention.
const NodeRetention = 24 * time.Hour

// ErrNotAsked means that nodes were not asked to deliver again.
var ErrNotAsked = errors.New("nodes were not asked to deliver again")

// Redelivery is a request to nodes to deliver the results of a job again.
type Redelivery struct {
	// JobID of the results, or of the job that has judged them.
	JobID string
	// Relay to which the results are delivered, and Sink, the full address.
	Relay, Sink string
	// Fee is what the chain burns for the bytes of the sink, without gas.
	Fee sdk.Coin
	// Asked is the request that is already on the chain for this sink; nil for none.
	Asked *computetypes.Redelivery
	// NotBefore is the height from which the chain accepts another request.
	NotBefore int64
}

// PrepareRedelivery returns what it costs to have the results of a job delivered to the
// relay in its state.
func (c *Client) PrepareRedelivery(ctx context.Context, state *State) (*Redelivery, error) {
	sink, err := state.sink()
	if err != nil {
		return nil, err
	}
	answer, err := c.deliverable(ctx, state.JobID)
	if err != nil {
		return nil, err
	}
	return c.prepareRedelivery(ctx, state, answer, sink)
}

// PrepareJudges returns what it costs to have the judges of a challenge deliver what they have
// found to the relay in the state of the challenged job, and notes in the state that their
// results are read from now on. The judges must have found the same result: a chunk's node that
// has delivered nothing is not needed then.
func (c *Client) PrepareJudges(ctx context.Context, state *State, judging string) (*Redelivery, error) {
	sink, err := state.sink()
	if err != nil {
		return nil, err
	}
	answer, err := c.deliverable(ctx, judging)
	if err != nil {
		return nil, err
	}
	of := answer.Job.Challenged
	if of == nil || of.JobId != state.JobID || of.Task != of.Chunk {
		return nil, fmt.Errorf("expected a job that has judged a chunk or the only task of a chunk of job %s, found job %s, which has not", state.JobID, judging)
	}
	if state.Judges == nil {
		state.Judges = map[uint64]string{}
	}
	state.Judges[of.Chunk] = judging
	return c.prepareRedelivery(ctx, state, answer, computetypes.TaskSink(sink, of.Chunk))
}

// deliverable returns a job whose results the chain may still have delivered again.
func (c *Client) deliverable(ctx context.Context, job string) (*computetypes.QueryJobResponse, error) {
	answer, err := c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: job})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job, plain(err))
	}
	if answer.Spec.Executor == "" {
		return nil, fmt.Errorf("job %s ended at height %d, and the chain accepts no requests for its results any more; no node keeps its outputs for so long", job, answer.Job.ClosedHeight)
	}
	return answer, nil
}

func (c *Client) prepareRedelivery(ctx context.Context, state *State, answer *computetypes.QueryJobResponse, sink string) (*Redelivery, error) {
	found, err := c.compute.Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return nil, fmt.Errorf("posting fee: %w", plain(err))
	}
	r := &Redelivery{JobID: answer.Job.Id, Relay: state.Relay, Sink: sink}
	r.Fee = sdk.Coin{Denom: params.BaseDenom, Amount: found.Params.PostingFeePerByte.Mul(math.NewInt(int64(len(sink))))}
	if last := answer.Job.Redelivery; last != nil {
		r.NotBefore = last.Height + computetypes.RedeliveryPause
		if last.Sink == sink {
			r.Asked = last
		}
	}
	return r, nil
}

// Redeliver asks nodes to deliver the results.
func (c *Client) Redeliver(ctx context.Context, signer Signer, r *Redelivery) (*computetypes.MsgRedeliverResponse, error) {
	addr, err := addressText(signer.Address())
	if err != nil {
		return nil, err
	}
	var answer computetypes.MsgRedeliverResponse
	msg := &computetypes.MsgRedeliver{Requester: addr, JobId: r.JobID, Sink: r.Sink}
	if err := c.ask(ctx, signer, msg, &answer); err != nil {
		return nil, fmt.Errorf("deliver job %s again: %w", r.JobID, err)
	}
	return &answer, nil
}

// DeliveredUntil returns about when nodes stop delivering results that they were paid for
// at a height, by themselves or on request; zero if the node of the chain does not keep
// that block.
func (c *Client) DeliveredUntil(ctx context.Context, height int64) time.Time {
	block, err := c.blocks.GetBlockByHeight(ctx, &cmtservice.GetBlockByHeightRequest{Height: height})
	if err != nil || block.SdkBlock == nil {
		return time.Time{}
	}
	return block.SdkBlock.Header.Time.Add(NodeRetention)
}

// MoveTo makes another relay the job's relay: its results are looked for there, in the box
// that the same token opens.
func (s *State) MoveTo(relay string) error {
	_, err := transfer.NewClient(transfer.ClientConfig{Relay: relay})
	if err == nil {
		s.Relay = relay
	}
	return err
}

// sink returns the address of the job's box on its relay.
func (s *State) sink() (string, error) {
	relay, err := transfer.NewClient(transfer.ClientConfig{Relay: s.Relay})
	if err != nil {
		return "", err
	}
	box, err := blob.BoxOf(s.Token)
	if err != nil {
		return "", err
	}
	if s.taskBoxes() {
		return relay.TaskBoxesURL(box), nil
	}
	return relay.BoxURL(box), nil
}

// taskBoxes reports whether each task of the job has a box of its own.
func (s *State) taskBoxes() bool {
	spec, err := s.JobSpec()
	return err == nil && computetypes.TaskSink(spec.Sink, 0) != spec.Sink
}

// taskRelay returns a client for the box of a task.
func taskRelay(state *State, task uint64) (*transfer.Client, error) {
	relay, err := transfer.NewClient(transfer.DefaultClientConfig(state.Relay))
	if err != nil {
		return nil, err
	}
	if state.taskBoxes() {
		relay = relay.ForTask(task)
	}
	// Other requesters may have named the box in jobs of theirs.
	if judging, judged := state.Judges[task]; judged {
		return relay.ForJob(judging), nil
	}
	return relay.ForJob(state.JobID), nil
}
