package agent

import (
	"time"
)

// stillAfter is the time without a look at the chain after which the machine must have slept, or the process
// stood still: it looks several times a second, and does not wait for an answer that long.
const stillAfter = 2 * queryTimeout

// wake is the agent's state with regard to times in which it stood still.
type wake struct {
	// boot returns the time since a fixed moment, sleep of the machine included.
	boot func() time.Duration
	// passed is that time when the loop last looked around.
	passed time.Duration
	// stale reports that the agent has not seen the chain since. It would send what follows from a state that
	// may be hours old.
	stale bool
	// gaps is the number of these times. A state of the chain that was read before one is old after it.
	gaps int
}

// gap notes that the agent stood still until now.
func (w *wake) gap() {
	w.stale, w.passed = true, w.boot()
	w.gaps++
}

// saw notes that the agent has seen the chain, as it was after a number of gaps. A state that was read before the latest
// one does not count.
func (w *wake) saw(gaps int) {
	if w.gaps == gaps {
		w.stale = false
	}
}

// noticeSleep is called each time before the loop acts. If the machine has slept, or the process was
// stopped, the agent first looks where the chain is. It sends nothing before it knows that: deadlines may
// have passed, and others may still be met.
func (a *Agent) noticeSleep() {
	now := a.wake.boot()
	slept := now - a.wake.passed
	a.wake.passed = now
	if slept < stillAfter {
		return
	}
	a.wake.gap()
	a.cfg.Logger.Info("the machine has slept, or this process stood still; looking where the chain is", "for", slept.Round(time.Second))
	a.metrics.sleeps.Inc()
	a.cfg.Woke()
	a.look()
	a.wake.passed = a.wake.boot()
}
