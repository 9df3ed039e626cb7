package chain

import (
	"errors"
	"slices"

	sdkmath "cosmossdk.io/math"
)

const (
	// urgentBlocks is the number of blocks before its deadline at which a duty may cost more than before.
	urgentBlocks = 40
	// leastWait is the least number of blocks for which a transaction waits for inclusion, however near the
	// deadline is. A node that has forgotten it gets it again within that time.
	leastWait = 6
	// maxMisses bounds how often the bid for a duty is raised because no block has taken it.
	maxMisses = 12
)

// deadlineOf returns the first deadline of the duties among the pieces; 0 if none is known.
func deadlineOf(pieces []piece) int64 {
	first := int64(0)
	for _, p := range pieces {
		if p.duty() && p.Deadline > 0 && (first == 0 || p.Deadline < first) {
			first = p.Deadline
		}
	}
	return first
}

// life returns the number of blocks for which a transaction may wait for inclusion after a height. One whose
// duties are due soon waits for a part of the time that is left, so that another one can pay more after it. The
// sequence of a transaction that waits cannot be used again before its timeout height.
func (o *order) life(timeout, height int64) int64 {
	life := timeout
	if o.patience > 0 {
		life = min(o.patience, timeout)
	}
	if left := o.deadline - height; o.deadline > 0 && left > 0 {
		life = min(life, max(left/3, leastWait))
	}
	return life
}

// urgent reports whether the duties of an order are due soon.
func (o *order) urgent(height int64) bool {
	left := o.deadline - height
	return o.deadline > 0 && left >= 0 && left <= urgentBlocks
}

// dutyBps returns the limit for the fee of a duty, in basis points of what the node would lose.
func (c FeeCaps) dutyBps(urgent bool) int64 {
	if urgent {
		return int64(max(c.DutyBps, c.UrgentBps))
	}
	return int64(c.DutyBps)
}

// misses counts, for each duty, the transactions with it that no block has taken.
type misses map[Duty]int

// of returns how often no block has taken one of the duties of a group.
func (m misses) of(group []piece) (most int) {
	for _, p := range group {
		most = max(most, m[p.Duty])
	}
	return min(most, maxMisses)
}

// note counts the outcome of a transaction with the duties of a group.
func (m misses) note(group []piece, err error) {
	for _, p := range group {
		switch {
		case !p.duty():
		case errors.Is(err, ErrNotIncluded):
			m[p.Duty]++
		case err == nil:
			delete(m, p.Duty)
		}
	}
}

// keep forgets the duties that a batch does not contain any more.
func (m misses) keep(batch []piece) {
	for duty := range m {
		if !slices.ContainsFunc(batch, func(p piece) bool { return p.Duty == duty }) {
			delete(m, duty)
		}
	}
}

// missed returns how often no block has taken the duties of a group.
func (s *Sender) missed(group []piece) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.misses.of(group)
}

// noteMissed counts the outcome of a transaction.
func (s *Sender) noteMissed(group []piece, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.misses == nil {
		s.misses = misses{}
	}
	s.misses.note(group, err)
}

// keepMissed forgets the duties that are not due any more.
func (s *Sender) keepMissed(batch []piece) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.misses.keep(batch)
}

// raise is the percentage by which each bid exceeds the previous one if the mempool is full.
// To replace another transaction, a transaction has to pay at least a tenth more.
const raise = 25

// bid returns the price per unit of gas outside of the lane.
func (s *Sender) bid(o order) sdkmath.Int {
	price := s.price.amount
	for range o.raised + o.missed {
		price = price.MulRaw(100 + raise).QuoRaw(100).AddRaw(1)
	}
	return price
}

// offer chooses the gas limit and the price of a transaction whose simulation used an amount of gas. If the
// duties are not worth what is bid because no block has taken them before, less is bid.
func (s *Sender) offer(o *order, used uint64, adjustment float64) (err error) {
	for {
		s.rate = s.bid(*o)
		if s.asks, err = s.limitOf(*o, used, adjustment); err != nil {
			return err
		}
		if s.asks.lane {
			s.rate = s.price.floor
		}
		if o.missed == 0 || s.tooDear(s.asks.gas, *o) == nil {
			return nil
		}
		o.missed--
	}
}
