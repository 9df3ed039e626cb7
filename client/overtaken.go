package client

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ErrUnproven: a node says that another transaction of the key came first, and nothing
// proves it. Nothing more was signed, and what was signed before is kept.
var ErrUnproven = errors.New("only this node says that another transaction of the same key came first")

// Overtaking is what a node says: another transaction of an account has used a sequence,
// and none of those that were signed here with it is in a block.
type Overtaking struct {
	// Account and Sequence of the transactions that were signed here.
	Account  sdk.AccAddress
	Sequence uint64
	// Hashes of those transactions, upper-case hex.
	Hashes []string
	// Since is the height at which the first was signed, Until the last height at which
	// a block may have taken one; 0 is unknown, and no limit.
	Since, Until int64
}

// BelieveNode signs again on the word of the node alone: for a node of one's own, and for
// messages that do no more when they are executed twice.
func BelieveNode(context.Context, Overtaking) error { return nil }

// Proof proves records and blocks; proven.Search is one.
type Proof interface {
	// Overtaken returns nil once it is proven that an account's sequence has passed one,
	// and that no block from a height on, up to another, holds one of the transactions.
	Overtaken(ctx context.Context, account sdk.AccAddress, sequence uint64, hashes []string, since, until int64) error
}

// ProvenBy signs again when it is proven that others came first.
func ProvenBy(proof Proof) func(context.Context, Overtaking) error {
	return func(ctx context.Context, o Overtaking) error {
		if o.Since == 0 {
			return fmt.Errorf("%w: the height at which it was signed is not known any more, so that its blocks cannot be searched", ErrUnproven)
		}
		return proof.Overtaken(ctx, o.Account, o.Sequence, o.Hashes, o.Since, o.Until)
	}
}

// overtaken tells whether another sequence may be signed: a node that lies could have
// one message executed, and paid, once for each.
func (c *Client) overtaken(ctx context.Context, d *delivery) error {
	if c.terms.Overtaken == nil {
		return fmt.Errorf("%w (sequence %d, transaction %s, which a block may take up to height %d): nothing more was signed, because a node that lies would have it executed and paid twice. Ask another node, one of your own or with a trust root, whether it ran",
			ErrUnproven, d.newest().sequence, d.newest().hash(), d.timeout())
	}
	o := Overtaking{Account: d.addr, Sequence: d.newest().sequence, Since: d.since(), Until: d.timeout()}
	for _, t := range d.txs {
		o.Hashes = append(o.Hashes, t.hash())
	}
	return c.terms.Overtaken(ctx, o)
}
