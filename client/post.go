package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/cosmos/gogoproto/proto"

	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ErrNotPosted means that the job is not on the chain, and that no transaction can post it
// any more.
var ErrNotPosted = errors.New("the job is not on chain")

// Post posts the job of a state and writes its id into the state. save is called whenever
// the state has changed, and always before a transaction leaves this machine. A job is
// posted at most once, however often Post is called and interrupted with the same state: a
// transaction that may have left is awaited until it has run or can never run, whatever a
// node's mempool says, and in addition only transactions with the same sequence are ever
// signed. Another sequence is signed only when Terms.Overtaken says that those of the earlier
// one can never run. A cost without gas is estimated. After ErrRefused, ErrOverdue,
// ErrTxExpired and a failure in a block, Post can be called again; the state is needed until
// then.
func (c *Client) Post(ctx context.Context, signer Signer, state *State, cost Cost, save func(*State) error) error {
	if err := c.checkChain(state); err != nil || state.JobID != "" {
		return err
	}
	if state.Outside {
		return c.Await(ctx, state, save)
	}
	release, err := c.exclusive(ctx)
	if err != nil {
		return err
	}
	defer release()
	if len(state.Tx) > 0 {
		if err := signedBy(state, signer); err != nil {
			return err
		}
		err := c.settle(ctx, state, save)
		if !errors.Is(err, ErrNotPosted) && !errors.Is(err, ErrRefused) && !errors.Is(err, ErrOverdue) {
			return err
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
	return c.post(ctx, signer, msg, state, cost, save)
}

// post signs the job's message and has it executed once.
func (c *Client) post(ctx context.Context, signer Signer, msg sdk.Msg, state *State, cost Cost, save func(*State) error) error {
	for range maxSignings {
		sequence, err := state.sequence()
		if err != nil {
			return err
		}
		signed, err := c.sign(ctx, signer, []sdk.Msg{msg}, cost, sequence)
		if err != nil {
			return err
		}
		before := *state
		if state.Requester, err = addressText(signer.Address()); err != nil {
			return err
		}
		state.carry(signed, cost)
		if err := save(state); err != nil {
			// The transaction has not left this machine, so the state stays as it was.
			*state = before
			return fmt.Errorf("cannot save the key to the results: %w; nothing was sent", err)
		}
		err = c.settleFirst(ctx, state, save)
		if !errors.Is(err, ErrOvertaken) {
			return err
		}
	}
	return fmt.Errorf("%w %d times; check whether the key is used elsewhere", ErrOvertaken, maxSignings)
}

// settleFirst sends a transaction that was just signed and waits for it.
func (c *Client) settleFirst(ctx context.Context, state *State, save func(*State) error) error {
	d, err := c.deliveryOf(state)
	if err != nil {
		return err
	}
	taken, err := c.handOver(ctx, d)
	if refused := refusedBy(err); refused != nil {
		state.Refusal = grpcnode.PlainText(refused.Log)
		return errors.Join(refusedFor(err, d.newest()), save(state))
	}
	if err != nil {
		return err
	}
	found, err := c.await(ctx, d, taken)
	if err != nil {
		return err
	}
	return c.note(ctx, state, d, found, save)
}

// Await follows the job of a state onto the chain without signing anything. It returns nil
// when the job is there, ErrNotPosted when no transaction of the state can run any more,
// ErrOverdue when only a node says so, and ErrRefused while a transaction can run that no node
// is known to have taken.
func (c *Client) Await(ctx context.Context, state *State, save func(*State) error) error {
	if err := c.checkChain(state); err != nil || state.JobID != "" {
		return err
	}
	if state.Outside {
		return c.awaitOutside(ctx, state, save)
	}
	if len(state.Tx) == 0 {
		return fmt.Errorf("%w: no transaction for it was sent", ErrNotPosted)
	}
	return c.settle(ctx, state, save)
}

// settle finds out what happened to the transactions of a state.
func (c *Client) settle(ctx context.Context, state *State, save func(*State) error) error {
	d, err := c.deliveryOf(state)
	if err != nil {
		return err
	}
	if state.Refusal == "" {
		found, err := c.await(ctx, d, false)
		if err != nil {
			return err
		}
		err = c.note(ctx, state, d, found, save)
		if errors.Is(err, ErrOvertaken) || errors.Is(err, ErrTxExpired) {
			return fmt.Errorf("%w: %w", ErrNotPosted, err)
		}
		return err
	}
	var found verdict
	if err := c.patiently(ctx, func() (err error) { found, err = c.judge(ctx, d); return err }); err != nil {
		return err
	}
	if found.end == endPending {
		return fmt.Errorf("%w: %s; another node may still have it, up to height %d: until then only a transaction with the same sequence is safe", ErrRefused, state.Refusal, d.timeout())
	}
	err = c.note(ctx, state, d, found, save)
	if errors.Is(err, ErrOvertaken) || errors.Is(err, ErrTxExpired) {
		return fmt.Errorf("%w: %w", ErrNotPosted, err)
	}
	return err
}

// note writes into the state what happened to its transactions.
func (c *Client) note(ctx context.Context, state *State, d *delivery, found verdict, save func(*State) error) error {
	switch found.end {
	case endRan:
		return c.posted(state, found, save)
	case endFailed:
		if err := c.overtaken(ctx, d); err != nil {
			return errors.Join(found.err, err) // the state keeps transactions that may run
		}
		state.drop()
		return errors.Join(found.err, save(state))
	case endOvertaken:
		if err := c.overtaken(ctx, d); err != nil {
			return err // the state keeps transactions that may have run
		}
		state.drop()
		return errors.Join(ErrOvertaken, save(state))
	case endExpired:
		err := c.expired(ctx, d)
		if errors.Is(err, ErrOverdue) {
			return err // the state keeps the sequence, with which Post signs again
		}
		state.drop()
		return errors.Join(err, save(state))
	case endPending:
	}
	return ErrUncertain
}

// posted notes the job that a transaction has posted.
func (c *Client) posted(state *State, found verdict, save func(*State) error) error {
	if found.response != nil {
		var answer computetypes.MsgPostJobResponse
		if err := answerOf(found.response, &answer); err != nil {
			return err
		}
		state.JobID, state.PostingFee, state.Reserved = answer.JobId, answer.PostingFee.String(), answer.Reserved.String()
		return save(state)
	}
	job, ok := found.trace.what.(computetypes.Job)
	if !ok {
		return fmt.Errorf("expected the job that was posted, found %T", found.trace.what)
	}
	state.JobID, state.Reserved = job.Id, sdk.Coin{Denom: job.Reward.Denom, Amount: job.Reserved}.String()
	return save(state)
}

// awaitOutside waits for a job whose transaction is signed elsewhere.
func (c *Client) awaitOutside(ctx context.Context, state *State, save func(*State) error) error {
	told := false
	for {
		var found trace
		err := c.patiently(ctx, func() (err error) { found, err = c.jobOf(ctx, state, 0); return err })
		if err != nil {
			return err
		}
		if found.found {
			return c.posted(state, verdict{trace: found}, save)
		}
		if !told {
			c.terms.tell("The job is not in a block yet; waiting until its transaction, which is signed elsewhere, has been broadcast")
			told = true
		}
		if err := c.wait(ctx); err != nil {
			return err
		}
	}
}

// Find looks once for a job whose transaction is signed elsewhere. It returns ErrNotPosted
// if the job is not on the chain yet.
func (c *Client) Find(ctx context.Context, state *State, save func(*State) error) error {
	if err := c.checkChain(state); err != nil || state.JobID != "" {
		return err
	}
	found, err := c.jobOf(ctx, state, 0)
	switch {
	case err != nil:
		return err
	case !found.found:
		return fmt.Errorf("%w yet: its transaction, made to be signed elsewhere, has not been executed, or the job ended so long ago that the chain has forgotten it", ErrNotPosted)
	}
	return c.posted(state, verdict{trace: found}, save)
}

func (c *Client) checkChain(state *State) error {
	if state.ChainID != c.chainID {
		return fmt.Errorf("expected a job for chain %s, found one for %s; use a node of that chain", c.chainID, state.ChainID)
	}
	return nil
}

// deliveryOf returns the delivery that a state has in progress.
func (c *Client) deliveryOf(state *State) (*delivery, error) {
	txs, err := state.signed()
	if err != nil {
		return nil, err
	}
	addr, err := requesterOf(state)
	if err != nil {
		return nil, err
	}
	state.TxHeight = txs[0].Height
	return &delivery{addr: addr, txs: txs, done: func(ctx context.Context, height int64) (trace, error) {
		return c.jobOf(ctx, state, height)
	}}, nil
}

// requesterOf returns the account that posts the job. States of earlier versions have it
// only in their transaction.
func requesterOf(state *State) (sdk.AccAddress, error) {
	if state.Requester == "" {
		var envelope txtypes.TxRaw
		var body txtypes.TxBody
		var post computetypes.MsgPostJob
		if err := errors.Join(proto.Unmarshal(state.Tx, &envelope), proto.Unmarshal(envelope.BodyBytes, &body)); err != nil {
			return nil, err
		}
		if len(body.Messages) != 1 {
			return nil, fmt.Errorf("expected a transaction that posts one job, found %d messages", len(body.Messages))
		}
		if err := proto.Unmarshal(body.Messages[0].Value, &post); err != nil {
			return nil, err
		}
		state.Requester = post.Requester
	}
	return sdk.GetFromBech32(state.Requester, params.Bech32Prefix)
}

// signedBy refuses a key other than that of the transactions in progress, because another
// account's sequence would not keep them from running as well.
func signedBy(state *State, signer Signer) error {
	requester, err := requesterOf(state)
	if err != nil {
		return err
	}
	if !signer.Address().Equals(requester) {
		return fmt.Errorf("expected the key of %s, whose transaction may still post the job, found the key of %s", state.Requester, signer.Address())
	}
	return nil
}

// Entrust marks the job of a state as one whose transaction is signed elsewhere, by the
// holders of the account's keys, and returns the message for it. Save the state before you
// hand out the transaction.
func (s *State) Entrust(requester sdk.AccAddress) (sdk.Msg, error) {
	if s.Posted() {
		return nil, errors.New("expected a job for which nothing was signed, found one with a transaction that may be in progress")
	}
	spec, err := s.JobSpec()
	if err != nil {
		return nil, err
	}
	if s.Requester, err = addressText(requester); err != nil {
		return nil, err
	}
	s.Outside = true
	return &computetypes.MsgPostJob{Requester: s.Requester, Spec: spec}, nil
}

// Cancel cancels a job. Nodes that have committed are paid first. It returns the refund
// that was paid at once.
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

// TopUp adds tasks to a job after its last one, or extends its lifetime to the given number
// of blocks from now on. The reserve of the tasks is put into escrow.
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

// ask prices, signs and delivers a message, and decodes its response.
func (c *Client) ask(ctx context.Context, signer Signer, msg sdk.Msg, answer proto.Message) error {
	response, err := c.Execute(ctx, signer, msg)
	if err != nil {
		return err
	}
	return answerOf(response, answer)
}

// Market returns the market of a class: nodes, slots, open tasks and recent prices.
func (c *Client) Market(ctx context.Context, class string) (*computetypes.QueryMarketResponse, error) {
	answer, err := c.compute.Market(ctx, &computetypes.QueryMarketRequest{Class: class})
	if err != nil {
		return nil, fmt.Errorf("market of class %s: %w", class, plain(err))
	}
	return answer, nil
}
