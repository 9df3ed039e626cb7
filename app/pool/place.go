package pool

import (
	"container/heap"
	"fmt"
	"slices"
)

// raise is the percentage by which a transaction has to outbid the one that it drives out:
// filling the pool repeatedly becomes more expensive each time.
const raise = 10

func (p *Pool) crowded(sender Signer) error {
	mine := p.senders[sender.Address]
	if len(mine) < p.limits.PerSender || slices.ContainsFunc(mine, func(e *Entry) bool { return e.sender().Sequence == sender.Sequence }) {
		return nil
	}
	return fmt.Errorf("%w: expected at most %d, and there are as many; wait for a block", ErrTooMany, p.limits.PerSender)
}

// place finds the room for an entry, and the entries that give way to it there. An entry that
// may go through the lane waits there, or, if the lane does not have room and the entry pays,
// among the others.
func (p *Pool) place(entry *Entry) (*room, []*Entry, error) {
	if err := p.crowded(entry.sender()); err != nil {
		return nil, nil, err
	}
	if entry.Lane {
		victims, err := p.placeLane(entry)
		if err == nil {
			return &p.lane, victims, nil
		}
		if !entry.Pays {
			return nil, nil, err
		}
	}
	victims, err := p.placeOrdinary(entry)
	return &p.ordinary, victims, err
}

// placeLane finds the entries that give way to an entry in the lane: one of the same sender
// and sequence, whose replacement that sender has signed, and those that are due later.
func (p *Pool) placeLane(entry *Entry) ([]*Entry, error) {
	victims := p.sameSequence(entry)
	inLane := 0
	for _, e := range p.senders[entry.sender().Address] {
		if e.room == &p.lane && !slices.Contains(victims, e) {
			inLane++
		}
	}
	if inLane >= p.limits.LanePerSender {
		return nil, fmt.Errorf("%w: expected at most %d in the lane, and there are as many; wait for a block", ErrTooMany, p.limits.LanePerSender)
	}
	probe := *entry
	probe.copies = slices.ContainsFunc(entry.Keys, func(key string) bool {
		holder := p.holders[key]
		return holder != nil && !slices.Contains(victims, holder)
	})
	held := p.lane.queue.Len()
	return p.fit(entry, &p.lane, victims, func(e *Entry) error {
		if compareDue(&probe, e) < 0 {
			return nil
		}
		return fmt.Errorf("%w: the lane holds %d transactions that go before it; send it again in the next block", ErrFull, held)
	})
}

// placeOrdinary finds the entries that give way to an entry outside of the lane: those that
// are cheaper by more than a tenth.
func (p *Pool) placeOrdinary(entry *Entry) ([]*Entry, error) {
	victims := p.sameSequence(entry)
	for _, e := range victims {
		if e.room == &p.lane {
			return nil, fmt.Errorf("%w: a transaction with sequence %d waits in the lane", ErrFull, e.sender().Sequence)
		}
		if entry.Price < outbid(e.Price) {
			return nil, fmt.Errorf("%w: a transaction with sequence %d waits already; expected a price of at least %d to replace it, found %d",
				ErrFull, e.sender().Sequence, outbid(e.Price), entry.Price)
		}
	}
	bid := p.bidOf(entry)
	return p.fit(entry, &p.ordinary, victims, func(e *Entry) error {
		if bid >= outbid(e.bid) {
			return nil
		}
		return fmt.Errorf("%w: expected a price of at least %d atfuel a unit of gas, found %d; pay more or send it later",
			ErrFull, outbid(e.bid), bid)
	})
}

// sameSequence returns the entries of an entry's sender with the same sequence. There is at
// most one.
func (p *Pool) sameSequence(entry *Entry) []*Entry {
	var same []*Entry
	for _, e := range p.senders[entry.sender().Address] {
		if e != entry && e.sender().Sequence == entry.sender().Sequence {
			same = append(same, e)
		}
	}
	return same
}

// fit adds the worst entries of a room to victims until the new entry fits, as long as each
// of them gives way. It puts the entries that it has looked at back into the room.
func (p *Pool) fit(entry *Entry, room *room, victims []*Entry, yields func(*Entry) error) ([]*Entry, error) {
	if len(entry.Raw) > room.most {
		return nil, fmt.Errorf("%w: expected at most %d bytes, found %d", ErrFull, room.most, len(entry.Raw))
	}
	count, size := room.queue.Len()+1, room.bytes+len(entry.Raw)
	for _, e := range victims {
		if e.room == room {
			count, size = count-1, size-len(e.Raw)
		}
	}
	var seen []*Entry
	defer func() {
		for _, e := range seen {
			heap.Push(&room.queue, e)
		}
	}()
	for count > room.txs || size > room.most {
		if room.queue.Len() == 0 {
			return nil, ErrFull
		}
		e, _ := heap.Pop(&room.queue).(*Entry)
		seen = append(seen, e)
		if slices.Contains(victims, e) {
			continue
		}
		if err := yields(e); err != nil {
			return nil, err
		}
		victims = append(victims, e)
		count, size = count-1, size-len(e.Raw)
	}
	return victims, nil
}

// outbid returns the lowest price that drives out a price.
func outbid(price int64) int64 {
	more := price/100*raise + 1
	if sum := price + more; sum > price {
		return sum
	}
	return price
}
