package client

import (
	"context"
	"errors"
	"fmt"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

const (
	// resendBlocks is how long a tx is awaited before it is sent again: a node that
	// was restarted has forgotten what waited in its mempool.
	resendBlocks = 5
	// maxSignings bounds how often a message is signed anew because other txs of the
	// same key came first.
	maxSignings = 8
)

var (
	// ErrTxExpired: the tx got into no block in its life and never will.
	ErrTxExpired = errors.New("transaction expired before a block took it")
	// ErrRefused: the node's mempool refused the tx. That is no end: a tx that has left
	// this machine may still run until its timeout height, or until another one with
	// its sequence does.
	ErrRefused = errors.New("the node refused the transaction")
	// ErrOvertaken: other txs of the same key came first, each time.
	ErrOvertaken = errors.New("other transactions of the same key came first")
)

// txError is a refusal by the chain or by a node's mempool, with its code.
type txError struct {
	codespace string
	code      uint32
	log       string
}

// Error implements error.
func (e *txError) Error() string {
	return fmt.Sprintf("the chain refused the transaction: %s (%s %d)", PlainText(e.log), e.codespace, e.code)
}

func (e *txError) is(known *errorsmod.Error) bool {
	return e.codespace == known.Codespace() && e.code == known.ABCICode()
}

// staleSequence tells whether a node expects another sequence: another tx of the same
// key came first, or the node is behind.
func staleSequence(err error) bool {
	var refused *txError
	return errors.As(err, &refused) && refused.is(sdkerrors.ErrWrongSequence)
}

// passing tells a refusal that says nothing of the tx itself: the node would take it
// at another time.
func passing(refused *txError) bool {
	return refused.is(sdkerrors.ErrWrongSequence) || refused.is(sdkerrors.ErrMempoolIsFull)
}

// refusedText is why a mempool refuses a tx for what it is.
func refusedText(err error) (string, bool) {
	var refused *txError
	if !errors.As(err, &refused) || passing(refused) {
		return "", false
	}
	return PlainText(refused.log), true
}

// delivery is a message that is to be executed once. Its txs all have one sequence, so
// that at most one of them runs; a tx with another sequence is signed only when none
// of them can run any more.
type delivery struct {
	addr sdk.AccAddress
	// txs are the signed ones, the newest last.
	txs []signedTx
	// done, if set, looks in the state after a height for what the message has done.
	done func(ctx context.Context, height int64) (trace, error)
}

func (d *delivery) newest() signedTx { return d.txs[len(d.txs)-1] }

// timeout is the last height at which a block may take any of the txs; 0 is no limit.
func (d *delivery) timeout() int64 {
	var last int64
	for _, t := range d.txs {
		if t.timeoutHeight == 0 {
			return 0
		}
		last = max(last, t.timeoutHeight)
	}
	return last
}

// since is the height after which a block may have taken one of the txs; 0 is unknown.
func (d *delivery) since() int64 { return d.txs[0].height }

// handOver gives the newest tx to the node for the first time and tells whether the
// node has taken it. It fails with a *txError if the node's mempool refuses the tx for
// what it is.
func (c *Client) handOver(ctx context.Context, d *delivery) (taken bool, err error) {
	err = c.patiently(ctx, func() error { return c.broadcast(ctx, d.newest()) })
	var refused *txError
	if errors.As(err, &refused) && !passing(refused) {
		return false, refused
	}
	if err != nil && ctx.Err() != nil {
		return false, err
	}
	// Whatever else it was, the tx may have left: it is awaited.
	return err == nil, nil
}

// await returns what became of the txs once that is certain, whatever mempools say:
// one of them has run, or none of them can run any more.
func (c *Client) await(ctx context.Context, d *delivery, sent bool) (verdict, error) {
	var sentAt int64
	var refused error
	for {
		var found verdict
		err := c.patiently(ctx, func() (err error) {
			found, err = c.judge(ctx, d)
			return err
		})
		switch {
		case err != nil:
			return found, err
		case found.end != endPending:
			return found, nil
		case sent && sentAt == 0:
			sentAt = found.height
		case sentAt == 0 || found.height >= sentAt+resendBlocks || refused != nil && found.height > sentAt:
			again := c.broadcast(ctx, d.newest())
			if text, other := refusedText(again); other && refused == nil {
				c.terms.tell("This node does not take the transaction (%s); another one may have it, so it is awaited up to height %d", text, d.timeout())
			}
			refused, sentAt = again, found.height
		}
		if err := c.wait(ctx); err != nil {
			return found, err
		}
	}
}

// transact signs messages and has them executed once: they are signed with another sequence
// only when what was signed before can never run.
func (c *Client) transact(ctx context.Context, signer Signer, cost Cost, msgs ...sdk.Msg) (*sdk.TxResponse, error) {
	release, err := c.exclusive(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	for range maxSignings {
		signed, err := c.sign(ctx, signer, msgs, cost, nil)
		if err != nil {
			return nil, err
		}
		d := &delivery{addr: signer.Address(), txs: []signedTx{signed}}
		taken, err := c.handOver(ctx, d)
		if err != nil {
			return nil, refusedFor(err, signed)
		}
		found, err := c.await(ctx, d, taken)
		if err != nil {
			return nil, fmt.Errorf("transaction %s: %w; a block may take it up to height %d", signed.hash(), err, signed.timeoutHeight)
		}
		switch found.end {
		case endRan:
			return found.response, nil
		case endFailed:
			return found.response, found.err
		case endExpired:
			return nil, expired(d)
		case endOvertaken:
			if err := c.overtaken(ctx, d); err != nil {
				return nil, err
			}
		case endPending:
		}
	}
	return nil, fmt.Errorf("%w %d times; is the key used elsewhere?", ErrOvertaken, maxSignings)
}

// refusedFor says that a refusal is not the last word.
func refusedFor(err error, signed signedTx) error {
	var refused *txError
	if !errors.As(err, &refused) {
		return err
	}
	return fmt.Errorf("%w: %w; nothing is spent, unless some node still has transaction %s and takes it by height %d",
		ErrRefused, refused, signed.hash(), signed.timeoutHeight)
}

func expired(d *delivery) error {
	return fmt.Errorf("%w: %s was not in any block up to height %d; nothing was spent", ErrTxExpired, d.newest().hash(), d.timeout())
}

// exclusive keeps other programs with the same key away.
func (c *Client) exclusive(ctx context.Context) (release func(), err error) {
	if c.terms.Exclusive == nil {
		return func() {}, nil
	}
	return c.terms.Exclusive(ctx)
}

// Execute prices, signs and delivers any messages in one transaction, for programs that
// do more than jobs, and returns what it did. They are executed at most once. After an
// error they may still be executed: until the height that the error names.
func (c *Client) Execute(ctx context.Context, signer Signer, msgs ...sdk.Msg) (*sdk.TxResponse, error) {
	cost, err := c.estimate(ctx, signer, msgs...)
	if err != nil {
		return nil, err
	}
	return c.transact(ctx, signer, cost, msgs...)
}
