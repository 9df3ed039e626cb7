package tx

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// AccountCache keeps the state of a key's account between its transactions, so that one can
// follow another without a query. It is not safe for concurrent use.
type AccountCache struct {
	sender *Sender
	addr   sdk.AccAddress
	state  AccountState
	known  bool
}

// NewAccountCache returns a cache that knows nothing yet.
func NewAccountCache(sender *Sender, addr sdk.AccAddress) *AccountCache {
	return &AccountCache{sender: sender, addr: addr}
}

// State returns the state for the next transaction. It reads the account if it is not known.
func (c *AccountCache) State(ctx context.Context) (AccountState, error) {
	if !c.known {
		state, err := c.sender.Account(ctx, c.addr)
		if err != nil {
			return AccountState{}, err
		}
		c.state, c.known = state, true
	}
	return c.state, nil
}

// Used notes that the node has taken a transaction with the sequence of the state.
func (c *AccountCache) Used() { c.state.Sequence++ }

// Forget has the account read again, because its next sequence is not known any more.
func (c *AccountCache) Forget() { c.known = false }

// Correct reads the account again after a refusal for its sequence. A sequence that the chain
// names takes precedence, because it counts transactions that wait in the node's mempool.
func (c *AccountCache) Correct(ctx context.Context, refused *Refusal) error {
	c.Forget()
	if refused.Sequence == nil {
		return nil
	}
	if _, err := c.State(ctx); err != nil {
		return err
	}
	c.state.Sequence = *refused.Sequence
	return nil
}
