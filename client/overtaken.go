package client

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ErrUnproven means that a node claims that another transaction of the key came first,
// without proof. Nothing more was signed, and the earlier transactions are kept.
var ErrUnproven = errors.New("only this node claims that another transaction of the same key came first")

// Overtaking is the claim of a node that another transaction of an account has used a
// sequence, and that none of the transactions signed here with that sequence is in a block.
type Overtaking struct {
	// Account and Sequence of the transactions that were signed here.
	Account  sdk.AccAddress
	Sequence uint64
	// Hashes of those transactions, upper-case hex.
	Hashes []string
	// Since is the height at which the first was signed, or 0 if unknown. Until is the last
	// height at which a block can have taken one, or 0 for no limit.
	Since, Until int64
}

// BelieveNode signs again if the node alone claims it. Use it for your own node, and for
// messages that have the same effect when they are executed twice.
func BelieveNode(context.Context, Overtaking) error { return nil }

// Proof proves records and blocks; proven.Search implements it.
type Proof interface {
	// Overtaken returns nil if it is proven that an account's sequence has passed a given
	// one, and that no block in a range of heights holds one of the transactions.
	Overtaken(ctx context.Context, account sdk.AccAddress, sequence uint64, hashes []string, since, until int64) error
}

// ProvenBy signs again if it is proven that other transactions came first.
func ProvenBy(proof Proof) func(context.Context, Overtaking) error {
	return func(ctx context.Context, o Overtaking) error {
		if o.Since == 0 {
			return fmt.Errorf("%w: the height at which it was signed is not known, so its blocks cannot be searched", ErrUnproven)
		}
		return proof.Overtaken(ctx, o.Account, o.Sequence, o.Hashes, o.Since, o.Until)
	}
}

// overtaken reports whether another sequence may be signed: a lying node could have one
// message executed, and paid for, once per sequence.
func (c *Client) overtaken(ctx context.Context, d *delivery) error {
	if c.terms.Overtaken == nil {
		return fmt.Errorf("%w (sequence %d, transaction %s, which a block can take up to height %d): nothing more was signed, because a lying node could have it executed and paid for twice; ask another node, one of your own or with a trust root, whether it ran",
			ErrUnproven, d.newest().Sequence, d.newest().Hash(), d.timeout())
	}
	o := Overtaking{Account: d.addr, Sequence: d.newest().Sequence, Since: d.since(), Until: d.timeout()}
	for _, t := range d.txs {
		o.Hashes = append(o.Hashes, t.Hash())
	}
	return c.terms.Overtaken(ctx, o)
}
