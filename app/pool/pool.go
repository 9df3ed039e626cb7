// Package pool holds the transactions that wait for a block. What pays more per unit of
// gas gives way to nothing that pays less: when the pool is full the cheapest goes.
// Transactions of the lane have room of their own, which the others cannot take.
package pool

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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

// raise is by how much, in percent, a transaction has to outbid the one that it drives
// out: filling the pool again and again becomes dearer each time.
const raise = 10

// Limits bound what waits.
type Limits struct {
	// Txs and Bytes are of all that is not in the lane.
	Txs   int
	Bytes int
	// LaneTxs and LaneBytes are of the lane.
	LaneTxs   int
	LaneBytes int
	// PerSender is how many transactions one account has here.
	PerSender int
	// Blocks is how many blocks a transaction stays that is not checked again.
	Blocks int64
}

// DefaultLimits are several full blocks.
func DefaultLimits() Limits {
	return Limits{Txs: 5_000, Bytes: 64 << 20, LaneTxs: 2_000, LaneBytes: 16 << 20, PerSender: 32, Blocks: 20}
}

// Signer is an account that signs a transaction, with the sequence that it signs.
type Signer struct {
	Address  string
	Sequence uint64
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
	// Lane says that it goes through the lane, where Deadline is the first height at which
	// something of it is late.
	Lane     bool
	Deadline int64
	// Height at which it was checked last.
	Height int64

	key     [sha256.Size]byte
	arrival uint64
	// bid is Price, but never more than that of the sender's transactions before it: a
	// transaction cannot be taken before those.
	bid   int64
	index int
}

// Arrival orders transactions by when they came.
func (e *Entry) Arrival() uint64 { return e.arrival }

// Bid is the price by which the pool orders it: its own, or that of the cheapest
// transaction of its sender that goes before it.
func (e *Entry) Bid() int64 { return e.bid }

func (e *Entry) sender() Signer { return e.Signers[0] }

// part is one of the two rooms.
type part struct {
	queue     worst
	bytes     int
	txs, most int // the most of each; most is of bytes
}

// Pool is safe for concurrent use.
type Pool struct {
	describe func(ctx sdk.Context, tx sdk.Tx) (*Entry, error)
	limits   Limits

	mu       sync.Mutex
	entries  map[[sha256.Size]byte]*Entry
	senders  map[string][]*Entry // by sequence
	ordinary part
	lane     part
	arrivals uint64
}

var _ mempool.ExtMempool = (*Pool)(nil)

// New returns an empty pool. describe says what a transaction is that has passed the
// checks of ctx.
func New(limits Limits, describe func(ctx sdk.Context, tx sdk.Tx) (*Entry, error)) *Pool {
	p := &Pool{
		describe: describe, limits: limits,
		entries: map[[sha256.Size]byte]*Entry{}, senders: map[string][]*Entry{},
		ordinary: part{txs: limits.Txs, most: limits.Bytes},
		lane:     part{txs: limits.LaneTxs, most: limits.LaneBytes},
	}
	p.ordinary.queue.worse = func(a, b *Entry) bool {
		return a.bid < b.bid || a.bid == b.bid && a.arrival > b.arrival
	}
	p.lane.queue.worse = func(a, b *Entry) bool {
		return a.Deadline > b.Deadline || a.Deadline == b.Deadline && a.arrival > b.arrival
	}
	return p
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
	_, err := p.victims(entry)
	return err
}

// Crowded returns ErrTooMany where an account may not add a transaction with a sequence.
func (p *Pool) Crowded(sender Signer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.crowded(sender)
}

func (p *Pool) crowded(sender Signer) error {
	mine := p.senders[sender.Address]
	if len(mine) < p.limits.PerSender || slices.ContainsFunc(mine, func(e *Entry) bool { return e.sender().Sequence == sender.Sequence }) {
		return nil
	}
	return fmt.Errorf("%w: expected at most %d, and there are as many; wait for a block", ErrTooMany, p.limits.PerSender)
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
	victims, err := p.victims(entry)
	if err != nil {
		return err
	}
	for _, victim := range victims {
		p.drop(victim)
	}
	entry.arrival = p.arrivals
	p.arrivals++
	entry.bid = p.bidOf(entry)
	p.entries[entry.key] = entry
	sender := entry.sender().Address
	p.senders[sender] = append(p.senders[sender], entry)
	slices.SortStableFunc(p.senders[sender], func(a, b *Entry) int {
		return cmp.Compare(a.sender().Sequence, b.sender().Sequence)
	})
	room := p.roomOf(entry)
	room.bytes += len(entry.Raw)
	heap.Push(&room.queue, entry)
	return nil
}

// bidOf is what an entry bids beside those of its sender that go before it.
func (p *Pool) bidOf(entry *Entry) int64 {
	bid := entry.Price
	for _, e := range p.senders[entry.sender().Address] {
		if !e.Lane && e.sender().Sequence < entry.sender().Sequence {
			bid = min(bid, e.bid)
		}
	}
	return bid
}

func (p *Pool) roomOf(entry *Entry) *part {
	if entry.Lane {
		return &p.lane
	}
	return &p.ordinary
}

// victims are what has to go so that an entry finds room.
func (p *Pool) victims(entry *Entry) ([]*Entry, error) {
	if err := p.crowded(entry.sender()); err != nil {
		return nil, err
	}
	var victims []*Entry
	for _, e := range p.senders[entry.sender().Address] {
		if e.sender().Sequence != entry.sender().Sequence {
			continue
		}
		if !replaces(entry, e) {
			return nil, fmt.Errorf("%w: a transaction with sequence %d waits already; expected a price of at least %d to replace it, found %d",
				ErrFull, e.sender().Sequence, outbid(e.Price), entry.Price)
		}
		victims = append(victims, e)
	}
	room := p.roomOf(entry)
	count, size := room.queue.Len()+1, room.bytes+len(entry.Raw)
	for _, e := range victims {
		if p.roomOf(e) == room {
			count, size = count-1, size-len(e.Raw)
		}
	}
	if count <= room.txs && size <= room.most {
		return victims, nil
	}
	if len(entry.Raw) > room.most {
		return nil, fmt.Errorf("%w: expected at most %d bytes, found %d", ErrFull, room.most, len(entry.Raw))
	}
	return p.worst(entry, room, victims, count, size)
}

// worst adds to victims the worst of a room, until count and size fit. Those that are
// looked at go back.
func (p *Pool) worst(entry *Entry, room *part, victims []*Entry, count, size int) ([]*Entry, error) {
	var seen []*Entry
	defer func() {
		for _, e := range seen {
			heap.Push(&room.queue, e)
		}
	}()
	bid := p.bidOf(entry)
	for count > room.txs || size > room.most {
		if room.queue.Len() == 0 {
			return nil, ErrFull
		}
		e, _ := heap.Pop(&room.queue).(*Entry)
		seen = append(seen, e)
		if slices.Contains(victims, e) {
			continue
		}
		switch {
		case entry.Lane && entry.Deadline >= e.Deadline:
			return nil, fmt.Errorf("%w: the lane holds %d transactions that are due earlier; send it again in the next block", ErrFull, room.txs)
		case !entry.Lane && bid < outbid(e.bid):
			return nil, fmt.Errorf("%w: expected a price of at least %d atfuel a unit of gas, found %d; pay more or send it later",
				ErrFull, outbid(e.bid), bid)
		}
		victims = append(victims, e)
		count, size = count-1, size-len(e.Raw)
	}
	return victims, nil
}

// replaces tells whether an entry takes the place of one with the same sequence.
func replaces(entry, old *Entry) bool {
	if entry.Lane != old.Lane {
		return entry.Lane
	}
	return entry.Price >= outbid(old.Price)
}

// outbid is the least price that drives out a price.
func outbid(price int64) int64 {
	more := price/100*raise + 1
	if sum := price + more; sum > price {
		return sum
	}
	return price
}
