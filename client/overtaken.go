package client

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ErrUnproven means that a node claims, without proof, that the transactions signed here can
// never run. No other sequence was signed, and the transactions are kept.
var ErrUnproven = errors.New("only this node claims that the transaction can never run")

// Overtaking is the claim of a node that none of the transactions that were signed here with a
// sequence of an account has been executed or ever will be: another transaction has used the
// sequence, they failed in a block, or no block took one of them in time.
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

// BelieveNode signs another sequence if the node alone claims it. Use it for your own node, and for
// messages that have the same effect when they are executed twice.
func BelieveNode(context.Context, Overtaking) error { return nil }

// Proof proves records and blocks; proven.Search implements it.
type Proof interface {
	// Overtaken returns nil if it is proven that none of the transactions, which all have a
	// given sequence of an account, has been executed or ever will be. since is the height
	// after which a block can have taken one, until the last at which one can, or 0.
	Overtaken(ctx context.Context, account sdk.AccAddress, sequence uint64, hashes []string, since, until int64) error
}

// ProvenBy signs another sequence if it is proven that those of the earlier one can never run.
func ProvenBy(proof Proof) func(context.Context, Overtaking) error {
	return func(ctx context.Context, o Overtaking) error {
		if o.Since <= 0 {
			return fmt.Errorf("%w: the height at which it was signed is not known, so its blocks cannot be searched", ErrUnproven)
		}
		return proof.Overtaken(ctx, o.Account, o.Sequence, o.Hashes, o.Since, o.Until)
	}
}

// overtaken returns nil if another sequence may be signed. Heights, sequences and failures are
// what a node says: one that lies, and keeps what it is given, could have one message executed,
// and paid for, once per sequence.
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
