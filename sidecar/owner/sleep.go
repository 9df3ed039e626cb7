package owner

import "time"

// sleptAfter is the time between two looks above which the machine has slept, or the daemon stood still.
const sleptAfter = 20 * time.Second

// sleep remembers when the machine was last woken. Its owner has woken it, and the time in which it slept
// says nothing about whether the owner sits in front of it now.
type sleep struct {
	// boot returns the time since a fixed moment, sleep included. It is nil if sleep is not noticed.
	boot func() time.Duration
	// looked is that time at the last look, and woken at the first look after the last sleep. slept reports
	// whether there was one.
	looked, woken time.Duration
	slept         bool
}

// bound limits the time without keyboard and mouse to the time since the machine was woken.
func (s *sleep) bound(r *Readings) {
	if s.boot == nil {
		return
	}
	now := s.boot()
	if s.looked != 0 && now-s.looked > sleptAfter {
		s.woken, s.slept = now, true
	}
	s.looked = now
	if s.slept && r.Idle.Seen {
		r.Idle.Value.Idle = min(r.Idle.Value.Idle, now-s.woken)
	}
}
