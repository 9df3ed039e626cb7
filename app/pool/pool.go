// Package pool contains the transactions that wait for a block. A transaction never gives way
// to one that pays less per unit of gas: if the pool is full, the cheapest one is dropped.
// Transactions of the lane have room of their own, which others cannot take. If that room is
// full, they wait among the others if they pay the same price.
package pool

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/mempool"
)

// ErrFull means that there is no room for a transaction. The text says what would make room.
var ErrFull = errors.New("the mempool is full")

// ErrTooMany means that a sender has as many transactions in the pool as it may have.
var ErrTooMany = errors.New("too many transactions of one sender wait for a block")

// Limits bound the pool.
type Limits struct {
	// Txs and Bytes bound the transactions outside of the lane.
	Txs   int
	Bytes int
	// LaneTxs and LaneBytes bound the transactions in the lane.
	LaneTxs   int
	LaneBytes int
	// PerSender bounds the transactions of one account, and LanePerSender those of them that
	// are in the lane.
	PerSender     int
	LanePerSender int
	// Blocks is the number of blocks after which a transaction that is not checked again is
	// dropped.
	Blocks int64
}

// DefaultLimits returns limits that hold several full blocks.
func DefaultLimits() Limits {
	return Limits{
		Txs: 5_000, Bytes: 64 << 20, LaneTxs: 2_000, LaneBytes: 16 << 20,
		PerSender: 32, LanePerSender: 8, Blocks: 20,
	}
}

// Signer is an account that signs a transaction, with the sequence that it signs.
type Signer struct {
	Address  string
	Sequence uint64
}

// Terms describe a transaction in the state in which it was last checked.
type Terms struct {
	// Lane reports whether the transaction may go through the lane.
	Lane bool
	// Kind orders the lane before deadlines do, lowest first.
	Kind int
	// Keys identify the work that is due. Of several transactions with the same key, the
	// first counts, and the others give way to all transactions with other keys.
	Keys []string
	// Deadline is the first height at which a part of the work is late.
	Deadline int64
	// Pays reports whether the transaction pays the ordinary price. If the lane is full, it
	// may then wait outside of it.
	Pays bool
	// Height at which the transaction was checked.
	Height int64
}

// Entry is a transaction that waits.
type Entry struct {
	Tx  sdk.Tx
	Raw []byte
	// Signers in the order of the transaction. The first is the sender.
	Signers []Signer
	// Gas is the gas limit, and Price is the price per unit of gas in atfuel.
	Gas   uint64
	Price int64
	Terms

	key     [sha256.Size]byte
	arrival uint64
	// bid is Price, but at most the lowest price of the sender's earlier transactions,
	// because a transaction cannot be taken before those.
	bid int64
	// room is where the entry waits. copies reports whether another entry had one of its keys
	// before.
	room   *room
	copies bool
	index  int
}

// Arrival returns the number by which transactions are ordered by arrival.
func (e *Entry) Arrival() uint64 { return e.arrival }

// Bid returns the price by which the pool orders the entry: its own price, or that of the
// cheapest of its sender's transactions that go before it, if lower.
func (e *Entry) Bid() int64 { return e.bid }

func (e *Entry) sender() Signer { return e.Signers[0] }

// room is one of the two rooms in which transactions wait.
type room struct {
	queue     worst
	bytes     int
	txs, most int // limits; most is in bytes
}

// Pool is the set of waiting transactions. It is safe for concurrent use.
type Pool struct {
	describe func(ctx sdk.Context, tx sdk.Tx) (*Entry, error)
	limits   Limits

	mu      sync.Mutex
	entries map[[sha256.Size]byte]*Entry
	senders map[string][]*Entry // sorted by sequence
	// holders contains, for each key, the transaction of the lane that had it first.
	holders  map[string]*Entry
	ordinary room
	lane     room
	arrivals uint64
}

var _ mempool.ExtMempool = (*Pool)(nil)

// New returns an empty pool. describe returns the entry of a transaction that has passed the
// checks of ctx.
func New(limits Limits, describe func(ctx sdk.Context, tx sdk.Tx) (*Entry, error)) *Pool {
	p := &Pool{
		describe: describe, limits: limits,
		entries: map[[sha256.Size]byte]*Entry{}, senders: map[string][]*Entry{}, holders: map[string]*Entry{},
		ordinary: room{txs: limits.Txs, most: limits.Bytes},
		lane:     room{txs: limits.LaneTxs, most: limits.LaneBytes},
	}
	p.ordinary.queue.worse = func(a, b *Entry) bool {
		return a.bid < b.bid || a.bid == b.bid && a.arrival > b.arrival
	}
	p.lane.queue.worse = func(a, b *Entry) bool {
		return cmp.Or(compareDue(a, b), cmp.Compare(a.arrival, b.arrival)) > 0
	}
	return p
}

// compareDue orders the lane: earlier transactions come first, whatever their arrival.
func compareDue(a, b *Entry) int {
	switch {
	case a.copies != b.copies && a.copies:
		return 1
	case a.copies != b.copies:
		return -1
	default:
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Deadline, b.Deadline))
	}
}

// Insert adds a transaction that has passed its checks. It returns
// sdkerrors.ErrMempoolIsFull.
func (p *Pool) Insert(ctx context.Context, tx sdk.Tx) error {
	entry, err := p.describe(sdk.UnwrapSDKContext(ctx), tx)
	if err != nil {
		return err
	}
	if err := p.Add(entry); err != nil {
		return sdkerrors.ErrMempoolIsFull.Wrap(err.Error())
	}
	return nil
}

// Admits returns nil if Add would take a transaction now. Otherwise it returns ErrFull or
// ErrTooMany.
func (p *Pool) Admits(entry *Entry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries[sha256.Sum256(entry.Raw)] != nil {
		return nil
	}
	_, _, err := p.place(entry)
	return err
}

// Crowded returns ErrTooMany if an account may not add a transaction with a sequence.
func (p *Pool) Crowded(sender Signer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.crowded(sender)
}

// Add adds a transaction, and drops those that give way to it. It returns ErrFull or
// ErrTooMany.
func (p *Pool) Add(entry *Entry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	entry.key = sha256.Sum256(entry.Raw)
	if known := p.entries[entry.key]; known != nil {
		known.Height = entry.Height
		return nil
	}
	entry.arrival = p.arrivals
	if err := p.add(entry); err != nil {
		return err
	}
	p.arrivals++
	return nil
}

// Refresh updates the terms of a waiting transaction, and moves it to the room where it
// belongs: it may have become due, or may not be due any more. It ignores a transaction that
// is not in the pool. If there is no room for it any more, Refresh drops the transaction and
// returns ErrFull.
func (p *Pool) Refresh(raw []byte, terms Terms) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	entry := p.entries[sha256.Sum256(raw)]
	if entry == nil {
		return nil
	}
	p.drop(entry)
	entry.Terms = terms
	return p.add(entry)
}

// add puts an entry into the room that place finds. Entries that give way to it in the lane
// may find room among the others.
func (p *Pool) add(entry *Entry) error {
	room, victims, err := p.place(entry)
	if err != nil {
		return err
	}
	for _, victim := range victims {
		p.drop(victim)
	}
	p.keep(entry, room)
	for _, victim := range victims {
		if victim.room != &p.lane || !victim.Pays || victim.sender() == entry.sender() {
			continue
		}
		if victims, err := p.placeOrdinary(victim); err == nil {
			for _, cheap := range victims {
				p.drop(cheap)
			}
			p.keep(victim, &p.ordinary)
		}
	}
	return nil
}

// keep puts an entry into a room that has a place for it.
func (p *Pool) keep(entry *Entry, room *room) {
	entry.room, entry.bid = room, p.bidOf(entry)
	entry.copies = room == &p.lane && p.brings(entry)
	if room == &p.lane && !entry.copies {
		for _, key := range entry.Keys {
			p.holders[key] = entry
		}
	}
	p.entries[entry.key] = entry
	sender := entry.sender().Address
	p.senders[sender] = append(p.senders[sender], entry)
	slices.SortStableFunc(p.senders[sender], func(a, b *Entry) int {
		return cmp.Compare(a.sender().Sequence, b.sender().Sequence)
	})
	room.bytes += len(entry.Raw)
	heap.Push(&room.queue, entry)
	p.bidAgain(sender)
}

// drop removes an entry from the pool.
func (p *Pool) drop(entry *Entry) {
	if p.entries[entry.key] != entry {
		return
	}
	delete(p.entries, entry.key)
	for _, key := range entry.Keys {
		if p.holders[key] == entry {
			delete(p.holders, key)
		}
	}
	sender := entry.sender().Address
	mine := slices.DeleteFunc(p.senders[sender], func(e *Entry) bool { return e == entry })
	if len(mine) == 0 {
		delete(p.senders, sender)
	} else {
		p.senders[sender] = mine
	}
	entry.room.bytes -= len(entry.Raw)
	heap.Remove(&entry.room.queue, entry.index)
	p.bidAgain(sender)
}

// bidAgain updates the bids of a sender's ordinary transactions after one of them has come or
// gone.
func (p *Pool) bidAgain(sender string) {
	for _, e := range p.senders[sender] {
		if bid := p.bidOf(e); e.room == &p.ordinary && bid != e.bid {
			e.bid = bid
			heap.Fix(&p.ordinary.queue, e.index)
		}
	}
}

// bidOf returns the bid of an entry, given its sender's entries that go before it.
func (p *Pool) bidOf(entry *Entry) int64 {
	bid := entry.Price
	for _, e := range p.senders[entry.sender().Address] {
		if e.room == &p.ordinary && e.sender().Sequence < entry.sender().Sequence {
			bid = min(bid, e.Price)
		}
	}
	return bid
}

// brings reports whether another transaction in the lane has one of an entry's keys.
func (p *Pool) brings(entry *Entry) bool {
	return slices.ContainsFunc(entry.Keys, func(key string) bool {
		holder := p.holders[key]
		return holder != nil && holder != entry
	})
}
