package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/thetaedge/theta/executor"
)

// stopTime is the time in which a process has to stop after it was told to.
const stopTime = time.Second

// part is one of the processes that serve a slot together. The system's files implement its
// methods freeze, thaw and frozen.
type part struct {
	pid  int
	cage *cage
	// stopped reports whether freeze has succeeded since the last thaw.
	stopped bool
}

// suspension stops and continues all processes of a pool. A process that is launched meanwhile
// is stopped too.
type suspension struct {
	clock *clock
	// quota is what tensors may take on the disk; nil if they stay in memory.
	quota *quota

	mu        sync.Mutex
	suspended bool
	// lifted is closed while the pool is not suspended.
	lifted chan struct{}
	live   []*process
}

func newSuspension(q *quota) *suspension {
	s := &suspension{clock: newClock(), quota: q, lifted: make(chan struct{})}
	close(s.lifted)
	return s
}

// await waits while the pool is suspended.
func (s *suspension) await(ctx context.Context) error {
	s.mu.Lock()
	lifted := s.lifted
	s.mu.Unlock()
	select {
	case <-lifted:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// now reports whether the pool is suspended.
func (s *suspension) now() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.suspended
}

// enter adds a process that has just been started. leave removes it once it has ended.
func (s *suspension) enter(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = append(s.live, p)
	if s.suspended {
		if err := p.freeze(); err != nil {
			p.end(died(err.Error(), ""))
		}
		go s.insist(p)
	}
}

func (s *suspension) leave(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = slices.DeleteFunc(s.live, func(q *process) bool { return p == q })
}

// suspend stops all processes and waits until they have stopped. A process whose tensors are to give up their
// memory goes on for that, and is waited for until its program stands still.
func (s *suspension) suspend() error {
	s.mu.Lock()
	if !s.suspended {
		s.suspended, s.lifted = true, make(chan struct{})
		s.clock.halt()
	}
	rests := s.lieDown()
	var err error
	var stopped []*process
	for _, p := range s.live {
		if !slices.ContainsFunc(rests, func(b bed) bool { return b.process == p || b.process.extra.device == p }) {
			err = errors.Join(err, p.freeze())
			stopped = append(stopped, p)
		}
	}
	s.mu.Unlock()
	deadline := time.Now().Add(stopTime)
	for _, p := range stopped {
		err = errors.Join(err, s.awaitFrozen(p, deadline))
	}
	for _, b := range rests {
		<-b.rest.calm
	}
	return err
}

// bed is a process with its rest.
type bed struct {
	process *process
	rest    *rest
}

// lieDown lets all processes rest that can, and returns them. s.mu is held.
func (s *suspension) lieDown() []bed {
	var beds []bed
	for _, p := range s.live {
		r, begun := p.lieDown()
		if r == nil {
			continue
		}
		beds = append(beds, bed{p, r})
		if begun {
			go s.attendRest(p, r)
		}
	}
	return beds
}

// resume continues all processes, also those that an earlier call could not continue.
func (s *suspension) resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, p := range s.live {
		err = errors.Join(err, p.thaw())
		p.getUp()
	}
	if !s.suspended {
		return err
	}
	s.suspended = false
	s.clock.run()
	close(s.lifted)
	return err
}

// freeze tells the processes of a slot to stop, unless they have been told already.
func (p *process) freeze() error {
	return p.each(true, "suspended", (*part).freeze)
}

// thaw tells those processes of a slot to continue that were told to stop.
func (p *process) thaw() error {
	return p.each(false, "resumed", (*part).thaw)
}

// each stops or continues each process of a slot that has not ended.
func (p *process) each(stop bool, what string, do func(*part) error) error {
	var errs []error
	for _, part := range p.parts {
		if part.stopped == stop {
			continue
		}
		switch err := do(part); {
		case err == nil:
			part.stopped = stop
		case !p.condemned():
			errs = append(errs, fmt.Errorf("process %d of a worker could not be %s: %w", part.pid, what, err))
		}
	}
	return errors.Join(errs...)
}

// errRunsOn is returned if a process runs on although it was told to stop. On a busy machine, it may
// stop later.
var errRunsOn = errors.New("a worker has not stopped")

// awaitFrozen waits until the processes of a slot have stopped, have ended, or were told to continue. It
// tells them again, because a process that executes another program at that moment can lose the signal.
func (s *suspension) awaitFrozen(p *process, deadline time.Time) error {
	const pause, patience = time.Millisecond, 20 * time.Millisecond
	for _, part := range p.parts {
		for told := time.Now(); !part.frozen() && !p.condemned(); time.Sleep(pause) {
			now := time.Now()
			if now.After(deadline) {
				return fmt.Errorf("process %d: %w within %s after it was told to; end it, or stop the daemon", part.pid, errRunsOn, stopTime)
			}
			if now.Sub(told) < patience {
				continue
			}
			if resumed, err := s.tellAgain(part); resumed || err != nil {
				return err
			}
			told = now
		}
	}
	return nil
}

// tellAgain tells a process again to stop, unless it was told to continue in the meantime.
func (s *suspension) tellAgain(part *part) (resumed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !part.stopped {
		return true, nil
	}
	return false, part.freeze()
}

// insist sees to it that a process stops that was told to, for as long as the suspension lasts.
func (s *suspension) insist(p *process) {
	never := time.Now().Add(365 * 24 * time.Hour)
	if err := s.awaitFrozen(p, never); err != nil && !p.condemned() {
		p.end(died(err.Error(), ""))
	}
}

var _ executor.Suspender = (*Executor)(nil)

// Suspend implements executor.Suspender.
func (e *Executor) Suspend() error {
	err := e.pool.suspension.suspend()
	if e.cfg.Tensors != nil {
		e.pool.clearOut()
	}
	return err
}

// Resume implements executor.Suspender.
func (e *Executor) Resume() error { return e.pool.suspension.resume() }
