package types

import (
	"time"

	"cosmossdk.io/errors"
)

// Validate returns ErrInvalidParams if the schedule does not describe a network.
func (s Schedule) Validate() error {
	if s.Id == 0 {
		return errors.Wrap(ErrInvalidParams, "schedule id: expected 1 or more, found 0")
	}
	if s.StartHeight < 0 {
		return errors.Wrapf(ErrInvalidParams, "schedule %d: expected a start height of 0 or more, found %d", s.Id, s.StartHeight)
	}
	return validateNetwork(s.PublicKey, s.PeriodSeconds, s.GenesisTime)
}

// SameNetwork reports whether both schedules describe the same drand network.
func (s Schedule) SameNetwork(o Schedule) bool {
	return s.PublicKey == o.PublicKey && s.PeriodSeconds == o.PeriodSeconds && s.GenesisTime == o.GenesisTime
}

// TimeOf returns the Unix time, in seconds, at which a round is published. Rounds begin with
// 1.
func (s Schedule) TimeOf(round uint64) int64 {
	return s.GenesisTime + int64(round-1)*int64(s.PeriodSeconds) //nolint:gosec // rounds are bounded by block time
}

// DueAt returns the highest round that is due at t, or 0 before round 1.
func (s Schedule) DueAt(t time.Time) uint64 {
	return s.dueAt(t.Unix())
}

// AcceptableAt returns the highest round that a block of time t accepts. Block time lags
// behind real time, by at most one period in a healthy network.
func (s Schedule) AcceptableAt(t time.Time) uint64 {
	return s.dueAt(t.Unix() + int64(s.PeriodSeconds)) //nolint:gosec // at most a day
}

// PinAt returns the round for the height before a block of time t: the first round whose time
// exceeds t by at least one period. t is the median of the votes on that height, so the round
// was not public to any party that could still change it.
func (s Schedule) PinAt(t time.Time) uint64 {
	least := t.Unix() + int64(s.PeriodSeconds) //nolint:gosec // at most a day
	if t.Nanosecond() > 0 {
		least++
	}
	if least <= s.GenesisTime {
		return 1
	}
	period := int64(s.PeriodSeconds)                         //nolint:gosec // at most a day
	return uint64((least-s.GenesisTime+period-1)/period) + 1 //nolint:gosec // positive
}

func (s Schedule) dueAt(unix int64) uint64 {
	if unix < s.GenesisTime {
		return 0
	}
	return uint64(unix-s.GenesisTime)/s.PeriodSeconds + 1 //nolint:gosec // not negative
}
