package client

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/tx"
)

// maxSignings bounds how often a message is signed again because other transactions of the
// same key came first.
const maxSignings = 8

var (
	// ErrTxExpired means that no block took the transaction before its timeout height, and
	// none will.
	ErrTxExpired = errors.New("transaction expired before a block took it")
	// ErrOverdue means that a node claims, without proof, that no block took the transaction
	// before its timeout height. A transaction with the same sequence may be sent, because at
	// most one of both runs.
	ErrOverdue = errors.New("a node says that the transaction has expired, which is not proven")
	// ErrRefused means that the node's mempool refused the transaction. This is not final:
	// a transaction that has left this machine can still run until its timeout height, or
	// until another one with its sequence has run.
	ErrRefused = errors.New("the node refused the transaction")
	// ErrOvertaken means that other transactions of the same key came first, at each try.
	ErrOvertaken = errors.New("other transactions of the same key came first")
)

// passing reports whether a refusal is independent of the transaction itself, so that the
// node would take it at another time.
func passing(refused *tx.Refusal) bool {
	return refused.Reason == tx.WrongSequence || refused.Reason == tx.PoolFull
}

// refusedBy returns the refusal of a mempool that does not take a transaction because of its
// content; nil for other errors. If a call has failed, the transaction may have left this
// machine.
func refusedBy(err error) *tx.Refusal {
	var refused *tx.Refusal
	if !errors.As(err, &refused) || refused.Code == 0 || passing(refused) {
		return nil
	}
	return refused
}

// delivery is a message that is to be executed once. Its transactions all have the same
// sequence, so at most one of them runs. A transaction with another sequence is signed only
// when none of them can run any more.
type delivery struct {
	addr sdk.AccAddress
	// txs are the signed transactions, the newest last.
	txs []tx.Signed
	// done, if set, looks in the state after a height for the effect of the message.
	done func(ctx context.Context, height int64) (trace, error)
}

func (d *delivery) newest() tx.Signed { return d.txs[len(d.txs)-1] }

// timeout is the last height at which a block can take any of the transactions; 0 means no
// limit.
func (d *delivery) timeout() int64 {
	var last int64
	for _, t := range d.txs {
		if t.TimeoutHeight == 0 {
			return 0
		}
		last = max(last, t.TimeoutHeight)
	}
	return last
}

// since is the height after which a block can have taken one of the transactions; 0 means
// unknown.
func (d *delivery) since() int64 { return d.txs[0].Height }

// handOver gives the newest transaction to the node for the first time and reports whether
// the node has taken it. It fails with a *tx.Refusal if the node's mempool refuses the
// transaction because of its content.
func (c *Client) handOver(ctx context.Context, d *delivery) (taken bool, err error) {
	err = c.patiently(ctx, func() error { return c.txs.Broadcast(ctx, d.newest()) })
	if refused := refusedBy(err); refused != nil {
		return false, refused
	}
	if err != nil && ctx.Err() != nil {
		return false, err
	}
	// After any other error the transaction may have left this machine, so it is awaited.
	return err == nil, nil
}

// await returns what happened to the transactions when that is certain, whatever mempools
// say: one of them has run, or none of them can run any more.
func (c *Client) await(ctx context.Context, d *delivery, taken bool) (found verdict, err error) {
	told := false
	err = c.txs.Follow(ctx, d.newest(), tx.Watch{
		Poll: c.poll, Taken: taken,
		Look: func(ctx context.Context) (bool, int64, error) {
			err := c.patiently(ctx, func() (err error) {
				found, err = c.judge(ctx, d)
				return err
			})
			return found.end != endPending, found.height, err
		},
		Refused: func(refused *tx.Refusal) error {
			if refusedBy(refused) != nil && !told {
				c.terms.tell("This node does not take the transaction (%s); another node may have it, so the client waits for it up to height %d", grpcnode.PlainText(refused.Log), d.timeout())
				told = true
			}
			return nil
		},
	})
	return found, err
}

// transact signs messages and has them executed once. It signs with another sequence only
// when the earlier transactions can never run.
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
		d := &delivery{addr: signer.Address(), txs: []tx.Signed{signed}}
		taken, err := c.handOver(ctx, d)
		if err != nil {
			return nil, refusedFor(err, signed)
		}
		found, err := c.await(ctx, d, taken)
		if err != nil {
			return nil, fmt.Errorf("transaction %s: %w; a block may take it up to height %d", signed.Hash(), err, signed.TimeoutHeight)
		}
		switch found.end {
		case endRan:
			return found.response, nil
		case endFailed:
			return found.response, found.err
		case endExpired:
			return nil, c.expired(ctx, d)
		case endOvertaken:
			if err := c.overtaken(ctx, d); err != nil {
				return nil, err
			}
		case endPending:
		}
	}
	return nil, fmt.Errorf("%w %d times; check whether the key is used elsewhere", ErrOvertaken, maxSignings)
}

// refusedFor says that a refusal is not final.
func refusedFor(err error, signed tx.Signed) error {
	refused := refusedBy(err)
	if refused == nil {
		return err
	}
	return fmt.Errorf("%w: %w; nothing is spent, unless some node still has transaction %s and takes it by height %d",
		ErrRefused, refused, signed.Hash(), signed.TimeoutHeight)
}

// expired returns ErrTxExpired if it is certain that no block took the transactions in time, and
// otherwise ErrOverdue.
func (c *Client) expired(ctx context.Context, d *delivery) error {
	if err := c.overtaken(ctx, d); err != nil {
		return fmt.Errorf("%w: transaction %s (sequence %d), timeout height %d: send nothing in its place with another sequence before another node has shown that it did not run: %w",
			ErrOverdue, d.newest().Hash(), d.newest().Sequence, d.timeout(), err)
	}
	return fmt.Errorf("%w: %s was not in any block up to height %d; nothing was spent", ErrTxExpired, d.newest().Hash(), d.timeout())
}

// exclusive keeps other programs from sending with the same key.
func (c *Client) exclusive(ctx context.Context) (release func(), err error) {
	if c.terms.Exclusive == nil {
		return func() {}, nil
	}
	return c.terms.Exclusive(ctx)
}

// Execute prices, signs and delivers any messages in one transaction, for programs that do
// more than jobs, and returns the result. The messages are executed at most once. After an
// error they may still be executed until the height that the error names.
func (c *Client) Execute(ctx context.Context, signer Signer, msgs ...sdk.Msg) (*sdk.TxResponse, error) {
	cost, err := c.estimate(ctx, signer, msgs...)
	if err != nil {
		return nil, err
	}
	return c.transact(ctx, signer, cost, msgs...)
}
