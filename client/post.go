package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/cosmos/gogoproto/proto"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Post posts the job of a state and writes its id into the state. save is called
// whenever the state has changed, and always before the tx leaves this machine: a
// run that is cut off is taken up again with the same state, and a tx that may be
// under way is awaited before another one is signed. A cost without gas is
// estimated. After a refusal by the chain the state names no tx any more.
func (c *Client) Post(ctx context.Context, signer Signer, state *State, cost Cost, save func(*State) error) error {
	if state.ChainID != c.chainID {
		return fmt.Errorf("expected a job for chain %s, found one for %s; use a node of that chain", c.chainID, state.ChainID)
	}
	if state.JobID != "" {
		return nil
	}
	if len(state.Tx) > 0 {
		response, err := c.deliver(ctx, signedTx{bytes: state.Tx, timeoutHeight: state.TxTimeout}, true)
		if !errors.Is(err, ErrTxExpired) {
			return c.posted(response, err, state, save)
		}
	}
	spec, err := state.JobSpec()
	if err != nil {
		return err
	}
	msg, err := postMessage(signer, spec)
	if err != nil {
		return err
	}
	if cost.Gas == 0 {
		if cost, err = c.estimate(ctx, signer, msg); err != nil {
			return fmt.Errorf("post job: %w", err)
		}
	}
	response, err := c.send(ctx, signer, msg, cost, func(signed signedTx) error {
		state.Tx, state.TxTimeout, state.Fee = signed.bytes, signed.timeoutHeight, cost.Fee.String()
		if err := save(state); err != nil {
			// It has not left: there is nothing to go on with.
			state.Tx, state.TxTimeout, state.Fee = nil, 0, ""
			return fmt.Errorf("cannot keep the key to the results: %w; nothing was sent", err)
		}
		return nil
	})
	return c.posted(response, err, state, save)
}

// posted notes what the tx did.
func (c *Client) posted(response *sdk.TxResponse, err error, state *State, save func(*State) error) error {
	var refused *txError
	if errors.As(err, &refused) {
		state.Tx, state.TxTimeout, state.Fee = nil, 0, ""
		return errors.Join(err, save(state))
	}
	if err != nil {
		return err
	}
	var answer computetypes.MsgPostJobResponse
	if err := answerOf(response, &answer); err != nil {
		return err
	}
	state.JobID = answer.JobId
	state.PostingFee = answer.PostingFee.String()
	state.Reserved = answer.Reserved.String()
	return save(state)
}

// Cancel ends a job. What committed nodes are owed is settled first; the refund
// that came back at once is returned.
func (c *Client) Cancel(ctx context.Context, signer Signer, jobID string) (sdk.Coin, error) {
	addr, err := addressText(signer.Address())
	if err != nil {
		return sdk.Coin{}, err
	}
	var answer computetypes.MsgCancelJobResponse
	msg := &computetypes.MsgCancelJob{Requester: addr, JobId: jobID}
	if err := c.ask(ctx, signer, msg, &answer); err != nil {
		return sdk.Coin{}, fmt.Errorf("cancel job %s: %w", jobID, err)
	}
	return answer.Refund, nil
}

// TopUp adds tasks to a job after its last one, or time: lifetime blocks from now
// on. What the tasks reserve goes into escrow.
func (c *Client) TopUp(ctx context.Context, signer Signer, jobID string, tasks, lifetime uint64) (*computetypes.MsgTopUpJobResponse, error) {
	addr, err := addressText(signer.Address())
	if err != nil {
		return nil, err
	}
	var answer computetypes.MsgTopUpJobResponse
	msg := &computetypes.MsgTopUpJob{Requester: addr, JobId: jobID, Tasks: tasks, LifetimeBlocks: lifetime}
	if err := c.ask(ctx, signer, msg, &answer); err != nil {
		return nil, fmt.Errorf("top up job %s: %w", jobID, err)
	}
	return &answer, nil
}

// ask prices, signs and delivers a message, and decodes what it answers.
func (c *Client) ask(ctx context.Context, signer Signer, msg sdk.Msg, answer proto.Message) error {
	response, err := c.Execute(ctx, signer, msg)
	if err != nil {
		return err
	}
	return answerOf(response, answer)
}

// Market says how a class stands: nodes, slots, open tasks and recent prices.
func (c *Client) Market(ctx context.Context, class string) (*computetypes.QueryMarketResponse, error) {
	answer, err := c.compute.Market(ctx, &computetypes.QueryMarketRequest{Class: class})
	if err != nil {
		return nil, fmt.Errorf("market of class %s: %w", class, plain(err))
	}
	return answer, nil
}
