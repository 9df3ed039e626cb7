package worker

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/thetaedge/theta/executor"
)

// rest is one suspension of a worker process whose tensors are to give up their memory. The process and
// that of its device are stopped only after that.
type rest struct {
	number uint64
	// still receives the bytes of the tensors once the program stands still, and out how the try to give up
	// their memory has ended.
	still chan uint64
	out   chan string
	// calm is closed once the program stands still, is stopped or has ended, and over when it may go on.
	calm, over chan struct{}
	once       sync.Once
}

func (r *rest) calmed() { r.once.Do(func() { close(r.calm) }) }

// evicted is the reason of a process that is ended because its owner needs the memory.
func evicted(why string) error {
	return fmt.Errorf("%w, because programs are suspended: %s", executor.ErrEvicted, why)
}

// lieDown begins a rest of a worker process with a task, and returns it. It returns nil if the process does
// not rest: it is stopped as it is. begun reports whether it did not rest before.
func (p *process) lieDown() (r *rest, begun bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quota == nil || p.extra.role != "" || p.stage < ordered || p.cause != nil {
		return nil, false
	}
	if begun = p.rest == nil; begun {
		p.rounds++
		p.rest = &rest{number: p.rounds, still: make(chan uint64, 1), out: make(chan string, 1), calm: make(chan struct{}), over: make(chan struct{})}
		p.budget.left += restReports
		p.tell(order{Command: commandRest, Number: p.rounds})
	}
	return p.rest, begun
}

// restReports is the number of answers to the commands of a rest.
const restReports = 3

// getUp ends the rest of a process, if it has one.
func (p *process) getUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rest == nil {
		return
	}
	close(p.rest.over)
	p.tell(order{Command: commandWake, Number: p.rest.number})
	p.rest = nil
}

// maxCommands is the number of commands that a process may not have read yet.
const maxCommands = 64

// tell sends a command in the order of the calls, without waiting for the process. p.mu is held.
func (p *process) tell(o order) {
	if p.commands == nil {
		p.commands = make(chan order, maxCommands)
		go p.send(p.commands)
	}
	select {
	case p.commands <- o:
	default:
		p.condemn(died("it does not read its orders", ""))
	}
}

// send sends commands until the process has ended.
func (p *process) send(commands <-chan order) {
	for {
		select {
		case o := <-commands:
			if err := p.write(o); err != nil {
				p.end(died("it did not take an order: "+err.Error(), ""))
				return
			}
		case <-p.ended:
			return
		}
	}
}

// hearOfRest processes a report about a rest. p.mu is held. Reports about earlier rests come late.
func (p *process) hearOfRest(r report) error {
	if r.Number == 0 || r.Number > p.rounds {
		return fmt.Errorf("%w: expected nothing about rest %d, found %q", errFrame, r.Number, clip(string(r.Kind), 32))
	}
	p.sign = p.clock.now()
	if r.Number < p.rounds {
		return nil
	}
	if r.Kind == kindAwake {
		if p.rest == nil {
			p.quota.give(p)
		}
		return nil
	}
	if p.rest == nil {
		return nil
	}
	delivered := false
	switch r.Kind {
	case kindStill:
		delivered = offer(p.rest.still, r.Bytes)
	case kindOut:
		delivered = offer(p.rest.out, r.Detail)
	case kindHello, kindStarted, kindRefused, kindBeat, kindDone, kindFailed, kindAwake:
	}
	if !delivered {
		return fmt.Errorf("%w: it answers twice", errFrame)
	}
	return nil
}

func offer[T any](to chan T, v T) bool {
	select {
	case to <- v:
		return true
	default:
		return false
	}
}

// attendRest leads a process through a rest until it has given up the memory of its tensors, is ended, or
// may go on.
func (s *suspension) attendRest(p *process, r *rest) {
	defer r.calmed()
	still, late := time.NewTimer(p.quota.swap.stillTime()), time.NewTimer(p.quota.swap.withinTime())
	defer still.Stop()
	defer late.Stop()
	for {
		select {
		case bytes := <-r.still:
			r.calmed()
			still.Stop()
			if err := p.quota.take(p, bytes); err != nil {
				p.end(evicted(err.Error()))
				return
			}
			p.allowWrite(r)
		case why := <-r.out:
			if why != "" {
				p.end(evicted(why))
				return
			}
			s.stop(p, r)
			return
		case <-still.C:
			s.stop(p, r)
			r.calmed()
		case <-late.C:
			p.end(evicted(fmt.Sprintf("its tensors were not on the disk within %s", p.quota.swap.withinTime())))
			return
		case <-r.over:
			return
		case <-p.ended:
			return
		}
	}
}

// allowWrite lets a process write its tensors to its file, unless the rest is over.
func (p *process) allowWrite(r *rest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rest == r {
		p.tell(order{Command: commandWrite, Number: r.number})
	}
}

// stop stops a process that rests and that of its device, unless the rest is over.
func (s *suspension) stop(p *process, r *rest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-r.over:
		return
	default:
	}
	err := p.freeze()
	if d := p.extra.device; d != nil {
		err = errors.Join(err, d.freeze())
	}
	if err != nil {
		p.end(evicted(err.Error()))
		return
	}
	go s.insist(p)
	if d := p.extra.device; d != nil {
		go s.insist(d)
	}
}

func (s *Swap) stillTime() time.Duration {
	if s.still > 0 {
		return s.still
	}
	return stillTime
}

func (s *Swap) withinTime() time.Duration {
	if s.within > 0 {
		return s.within
	}
	return withinTime
}
