package agent

import (
	"context"
	"sync"
)

// loop is the goroutine that owns all assignments, and the work that runs beside it.
type loop struct {
	// ctx ends everything.
	ctx     context.Context
	events  chan event
	workers sync.WaitGroup
}

// event is news from beside the loop.
type event interface{ apply(a *Agent) }

// post hands an event to the loop, unless it has ended.
func (l *loop) post(e event) {
	select {
	case l.events <- e:
	case <-l.ctx.Done():
	}
}

// beside runs work outside of the loop and hands over what it returns.
func (l *loop) beside(work func() event) {
	l.workers.Add(1)
	go func() {
		defer l.workers.Done()
		l.post(work())
	}()
}

// drain is a request to claim nothing more.
type drain struct {
	asked chan struct{}
	once  sync.Once
	// begun: the loop has heard of it.
	begun bool
}
