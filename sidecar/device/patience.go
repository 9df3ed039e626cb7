package device

import (
	"fmt"
	"time"
)

// patience bounds the time that a caller waits for a driver. A driver may hang in the kernel, where
// nothing can end the call. At most one call is under way, so that a driver that hangs holds one
// goroutine.
type patience struct {
	limit time.Duration
	busy  chan struct{}
}

func newPatience(limit time.Duration) *patience {
	return &patience{limit, make(chan struct{}, 1)}
}

// within returns the same driver with less patience.
func (p *patience) within(limit time.Duration) *patience {
	return &patience{min(limit, p.limit), p.busy}
}

// hangError means that a driver did not answer in time.
type hangError struct{ limit time.Duration }

func (e *hangError) Error() string {
	return fmt.Sprintf("the driver has not answered for %s; restart the machine if this lasts", e.limit)
}

// await returns what a call returns, or an error if it takes too long. The call then goes on, and
// its answer is dropped.
func await[T any](p *patience, call func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	timer := time.NewTimer(p.limit)
	defer timer.Stop()
	select {
	case p.busy <- struct{}{}:
	case <-timer.C:
		return none, &hangError{p.limit}
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := call()
		<-p.busy
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-timer.C:
		return none, &hangError{p.limit}
	}
}
