package types

import "cosmossdk.io/math"

// maxHoldSteps bounds the number of different heights at which a node's holds may end. A
// node's record has to stay small, however long results may be challenged.
const maxHoldSteps = 64

// HoldUntil returns the height at which a hold ends that begins at the height from and is
// requested until the height until. It is the next multiple of hold_blocks. If the two heights
// are 64 such multiples or more apart, multiples of twice that are used, or of four times, and
// so on.
func (p Params) HoldUntil(from, until int64) int64 {
	step := int64(p.HoldBlocks) //nolint:gosec // at most 2^48
	for (until-from)/step >= maxHoldSteps {
		step *= 2
	}
	return (until + step - 1) / step * step
}

// AddHold holds an amount until a height. The amount is already locked.
func (s *NodeState) AddHold(until int64, amount math.Int) {
	if !amount.IsPositive() {
		return
	}
	at := len(s.Holds)
	for at > 0 && s.Holds[at-1].Until > until {
		at--
	}
	if at > 0 && s.Holds[at-1].Until == until {
		s.Holds[at-1].Amount = s.Holds[at-1].Amount.Add(amount)
		return
	}
	s.Holds = append(s.Holds, Hold{})
	copy(s.Holds[at+1:], s.Holds[at:])
	s.Holds[at] = Hold{Until: until, Amount: amount}
}

// TakeHold takes up to an amount out of the hold that lasts until a height, and returns how
// much it has taken. That amount stays locked.
func (s *NodeState) TakeHold(until int64, amount math.Int) math.Int {
	for i := range s.Holds {
		if s.Holds[i].Until != until {
			continue
		}
		taken := math.MinInt(amount, s.Holds[i].Amount)
		s.Holds[i].Amount = s.Holds[i].Amount.Sub(taken)
		if s.Holds[i].Amount.IsZero() {
			s.Holds = append(s.Holds[:i:i], s.Holds[i+1:]...)
		}
		return taken
	}
	return math.ZeroInt()
}

// EndHolds unlocks the holds that ended before a height.
func (s *NodeState) EndHolds(height int64) {
	ended := 0
	for ended < len(s.Holds) && s.Holds[ended].Until < height {
		s.Locked = s.Locked.Sub(s.Holds[ended].Amount)
		ended++
	}
	if ended > 0 {
		s.Holds = append([]Hold(nil), s.Holds[ended:]...)
	}
}

// EndAllHolds unlocks all holds. It returns the height at which the last of them would have
// ended, or 0 if there were none.
func (s *NodeState) EndAllHolds() int64 {
	if len(s.Holds) == 0 {
		return 0
	}
	last := s.Holds[len(s.Holds)-1].Until
	s.Locked = s.Locked.Sub(s.Held())
	s.Holds = nil
	return last
}

// EndContest reduces the number of results that are being judged by one.
func (s *NodeState) EndContest() { s.Contests -= min(1, s.Contests) }

// Held returns how much is held, in units of the bond denom.
func (s NodeState) Held() math.Int {
	sum := math.ZeroInt()
	for _, h := range s.Holds {
		sum = sum.Add(h.Amount)
	}
	return sum
}

// validateHolds checks the holds of an imported node.
func (s NodeState) validateHolds() error {
	until := int64(0)
	for _, h := range s.Holds {
		if h.Until <= until || h.Amount.IsNil() || !h.Amount.IsPositive() {
			return ErrInvalidGenesis.Wrapf("expected holds of more than 0 in order of their end, found %s until %d", h.Amount, h.Until)
		}
		until = h.Until
	}
	if held := s.Held(); held.GT(s.Locked) {
		return ErrInvalidGenesis.Wrapf("expected holds of at most the locked %s, found %s", s.Locked, held)
	}
	return nil
}
