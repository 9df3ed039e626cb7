package pool

import (
	"context"
	"crypto/sha256"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
)

// Has reports whether a transaction is in the pool, and notes that it was checked at a
// height.
func (p *Pool) Has(raw []byte, height int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	entry := p.entries[sha256.Sum256(raw)]
	if entry == nil {
		return false
	}
	entry.Height = max(entry.Height, height)
	return true
}

// Forget drops the transactions of a block at a height, and those that have not been checked
// for a long time.
func (p *Pool) Forget(txs [][]byte, height int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.entries) == 0 {
		return
	}
	for _, raw := range txs {
		if entry := p.entries[sha256.Sum256(raw)]; entry != nil {
			p.drop(entry)
		}
	}
	for _, entry := range p.all() {
		if entry.Height+p.limits.Blocks < height {
			p.drop(entry)
		}
	}
}

// Entries returns all entries. The lane is ordered by kind and deadline, with copies last.
// The others are ordered by bid, highest first, and then by arrival. Among them, a
// transaction never comes before one of the same sender that has to go before it.
func (p *Pool) Entries() (lane, ordinary []*Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lane, ordinary = slices.Clone(p.lane.queue.entries), slices.Clone(p.ordinary.queue.entries)
	best := func(q *worst) func(a, b *Entry) int {
		return func(a, b *Entry) int {
			switch {
			case q.worse(b, a):
				return -1
			case q.worse(a, b):
				return 1
			default:
				return 0
			}
		}
	}
	slices.SortFunc(lane, best(&p.lane.queue))
	slices.SortFunc(ordinary, best(&p.ordinary.queue))
	return lane, ordinary
}

func (p *Pool) all() []*Entry {
	return slices.Concat(p.lane.queue.entries, p.ordinary.queue.entries)
}

// CountTx returns the number of transactions in the pool.
func (p *Pool) CountTx() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.entries)
}

// Remove drops a transaction by its sender and sequence. It returns mempool.ErrTxNotFound.
func (p *Pool) Remove(tx sdk.Tx) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, entry := range p.all() {
		if entry.Tx == tx {
			p.drop(entry)
			return nil
		}
	}
	return mempool.ErrTxNotFound
}

// RemoveWithReason drops a transaction that fails when it is checked again. Forget drops the
// transactions of a block before it runs.
func (p *Pool) RemoveWithReason(ctx context.Context, _ sdk.Tx, reason mempool.RemoveReason) error {
	if reason.Caller == mempool.CallerRunTxFinalize {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if entry := p.entries[sha256.Sum256(sdk.UnwrapSDKContext(ctx).TxBytes())]; entry != nil {
		p.drop(entry)
	}
	return nil
}

// Select iterates over all transactions, the lane first.
func (p *Pool) Select(context.Context, [][]byte) mempool.Iterator {
	lane, ordinary := p.Entries()
	return next(append(lane, ordinary...))
}

// SelectBy calls take with all transactions, the lane first, until take returns false.
func (p *Pool) SelectBy(_ context.Context, _ [][]byte, take func(sdk.Tx) bool) {
	lane, ordinary := p.Entries()
	for _, entry := range append(lane, ordinary...) {
		if !take(entry.Tx) {
			return
		}
	}
}

// cursor contains the remaining entries; its first entry is the current one.
type cursor []*Entry

func next(left []*Entry) mempool.Iterator {
	if len(left) == 0 {
		return nil
	}
	return cursor(left)
}

// Next moves to the next entry.
func (c cursor) Next() mempool.Iterator { return next(c[1:]) }

// Tx returns the current transaction.
func (c cursor) Tx() sdk.Tx { return c[0].Tx }

// worst is a heap with the worst entry on top.
type worst struct {
	entries []*Entry
	worse   func(a, b *Entry) bool
}

// Len returns the number of entries.
func (w *worst) Len() int { return len(w.entries) }

// Less puts the worse entry on top.
func (w *worst) Less(i, j int) bool { return w.worse(w.entries[i], w.entries[j]) }

// Swap swaps two entries and keeps their index.
func (w *worst) Swap(i, j int) {
	w.entries[i], w.entries[j] = w.entries[j], w.entries[i]
	w.entries[i].index, w.entries[j].index = i, j
}

// Push adds an *Entry.
func (w *worst) Push(x any) {
	entry, _ := x.(*Entry)
	entry.index = len(w.entries)
	w.entries = append(w.entries, entry)
}

// Pop removes and returns the last entry.
func (w *worst) Pop() any {
	last := len(w.entries) - 1
	entry := w.entries[last]
	w.entries[last] = nil
	w.entries = w.entries[:last]
	return entry
}
