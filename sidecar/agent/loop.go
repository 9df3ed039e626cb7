package agent

import (
	"context"
	"sync"
	"sync/atomic"
)

// loop is the goroutine that owns all assignments, together with the work that runs
// concurrently with it.
type loop struct {
	// ctx ends everything.
	ctx     context.Context
	events  chan event
	workers sync.WaitGroup
}

// event is a message to the loop from concurrent work.
type event interface{ apply(a *Agent) }

// post sends an event to the loop, unless the loop has ended.
func (l *loop) post(e event) {
	select {
	case l.events <- e:
	case <-l.ctx.Done():
	}
}

// `beside` runs work concurrently with the loop and posts the event that it returns.
func (l *loop) beside(work func() event) {
	l.workers.Add(1)
	go func() {
		defer l.workers.Done()
		l.post(work())
	}()
}

// drain is a request to stop claiming.
type drain struct {
	asked chan struct{}
	once  sync.Once
	// whole reports whether everything that the node holds is to end as usual.
	whole atomic.Bool
	// begun reports whether the loop has received the request.
	begun bool
}
