// Package pool holds the transactions that wait for a block. What pays more per unit of
// gas gives way to nothing that pays less: when the pool is full the cheapest goes.
// Transactions of the lane have room of their own, which the others cannot take; what
// finds none there waits among the others, where it pays as they do.
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

// ErrFull: there is no room for a transaction; the text says what would make some.
var ErrFull = errors.New("the mempool is full")

// ErrTooMany: a sender has as many transactions here as it may have.
var ErrTooMany = errors.New("too many transactions of one sender wait for a block")

// Limits bound what waits.
type Limits struct {
	// Txs and Bytes are of all that is not in the lane.
	Txs   int
	Bytes int
	// LaneTxs and LaneBytes are of the lane.
	LaneTxs   int
	LaneBytes int
	// PerSender is how many transactions one account has here, LanePerSender how many of
	// them in the lane.
	PerSender     int
	LanePerSender int
	// Blocks is how many blocks a transaction stays that is not checked again.
	Blocks int64
}

// DefaultLimits are several full blocks.
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

// Terms are what a transaction is to the state at which it was checked last.
type Terms struct {
	// Lane says that it may go through the lane.
	Lane bool
	// Kind orders the lane before deadlines do, the least first.
	Kind int
	// Keys name what is due: of several transactions with the same key the first counts,
	// and the others give way to all that brings something else.
	Keys []string
	// Deadline is the first height at which something of it is late.
	Deadline int64
	// Pays says that it pays what others pay: without room in the lane it may wait among
	// them.
	Pays bool
	// Height at which it was checked.
	Height int64
}

// Entry is a transaction that waits.
type Entry struct {
	Tx  sdk.Tx
	Raw []byte
	// Signers in the order of the transaction; the first is the sender.
	Signers []Signer
	// Gas is its limit, Price what it pays for a unit in atfuel.
	Gas   uint64
	Price int64
	Terms

	key     [sha256.Size]byte
	arrival uint64
	// bid is Price, but never more than that of the sender's transactions before it: a
	// transaction cannot be taken before those.
	bid int64
	// room is where it waits, copies says that what it brings was there before it.
	room   *room
	copies bool
	index  int
}

// Arrival orders transactions by when they came.
func (e *Entry) Arrival() uint64 { return e.arrival }

// Bid is the price by which the pool orders it: its own, or that of the cheapest
// transaction of its sender that goes before it.
func (e *Entry) Bid() int64 { return e.bid }

func (e *Entry) sender() Signer { return e.Signers[0] }

// room is one of the two in which transactions wait.
type room struct {
	queue     worst
	bytes     int
	txs, most int // the most of each; most is of bytes
}

// Pool is safe for concurrent use.
type Pool struct {
	describe func(ctx sdk.Context, tx sdk.Tx) (*Entry, error)
	limits   Limits

	mu      sync.Mutex
	entries map[[sha256.Size]byte]*Entry
	senders map[string][]*Entry // by sequence
	// holders are the transactions of the lane that brought a key first.
	holders  map[string]*Entry
	ordinary room
	lane     room
	arrivals uint64
}

var _ mempool.ExtMempool = (*Pool)(nil)

// New returns an empty pool. describe says what a transaction is that has passed the
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

// compareDue orders the lane, what goes first before what goes later, whenever they came.
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

// Admits tells whether Add would take a transaction now; it returns ErrFull or ErrTooMany.
func (p *Pool) Admits(entry *Entry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries[sha256.Sum256(entry.Raw)] != nil {
		return nil
	}
	_, _, err := p.place(entry)
	return err
}

// Crowded returns ErrTooMany where an account may not add a transaction with a sequence.
func (p *Pool) Crowded(sender Signer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.crowded(sender)
}

// Add adds a transaction, and drops those that give way to it.
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

// Refresh notes what a transaction that waits is by now, and moves it to where it belongs:
// it may have become due, or no longer be. Of what does not wait it knows nothing. It
// returns ErrFull where there is no room for it any more, and drops it.
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

// add puts an entry where place says. What gives way to it in the lane may find room among
// the others.
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

// drop takes an entry out of everything.
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

// bidAgain is what the ordinary transactions of a sender bid after one of them has come or
// gone.
func (p *Pool) bidAgain(sender string) {
	for _, e := range p.senders[sender] {
		if bid := p.bidOf(e); e.room == &p.ordinary && bid != e.bid {
			e.bid = bid
			heap.Fix(&p.ordinary.queue, e.index)
		}
	}
}

// bidOf is what an entry bids beside those of its sender that go before it.
func (p *Pool) bidOf(entry *Entry) int64 {
	bid := entry.Price
	for _, e := range p.senders[entry.sender().Address] {
		if e.room == &p.ordinary && e.sender().Sequence < entry.sender().Sequence {
			bid = min(bid, e.Price)
		}
	}
	return bid
}

// brings tells whether the lane has something of an entry by another transaction.
func (p *Pool) brings(entry *Entry) bool {
	return slices.ContainsFunc(entry.Keys, func(key string) bool {
		holder := p.holders[key]
		return holder != nil && holder != entry
	})
}
