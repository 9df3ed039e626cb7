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

	mu        sync.Mutex
	suspended bool
	// lifted is closed while the pool is not suspended.
	lifted chan struct{}
	live   []*process
}

func newSuspension() *suspension {
	s := &suspension{clock: newClock(), lifted: make(chan struct{})}
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

// enter adds a process that has just been started. leave removes it once it has ended.
func (s *suspension) enter(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = append(s.live, p)
	if s.suspended {
		if err := p.freeze(); err != nil {
			p.end(died(err.Error(), ""))
		}
	}
}

func (s *suspension) leave(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = slices.DeleteFunc(s.live, func(q *process) bool { return p == q })
}

// suspend stops all processes and waits until they have stopped.
func (s *suspension) suspend() error {
	s.mu.Lock()
	if !s.suspended {
		s.suspended, s.lifted = true, make(chan struct{})
		s.clock.halt()
	}
	var err error
	for _, p := range s.live {
		err = errors.Join(err, p.freeze())
	}
	live := slices.Clone(s.live)
	s.mu.Unlock()
	deadline := time.Now().Add(stopTime)
	for _, p := range live {
		err = errors.Join(err, p.awaitFrozen(deadline))
	}
	return err
}

// resume continues all processes, also those that an earlier call could not continue.
func (s *suspension) resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, p := range s.live {
		err = errors.Join(err, p.thaw())
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

// awaitFrozen waits until the processes of a slot have stopped.
func (p *process) awaitFrozen(deadline time.Time) error {
	const pause = time.Millisecond
	for _, part := range p.parts {
		for !part.frozen() && !p.condemned() {
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d of a worker has not stopped within %s after it was told to; end it, or stop the daemon", part.pid, stopTime)
			}
			time.Sleep(pause)
		}
	}
	return nil
}

var _ executor.Suspender = (*Executor)(nil)

// Suspend implements executor.Suspender.
func (e *Executor) Suspend() error { return e.pool.suspension.suspend() }

// Resume implements executor.Suspender.
func (e *Executor) Resume() error { return e.pool.suspension.resume() }
