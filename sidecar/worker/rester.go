package worker

import (
	"errors"
	"sync"

	"github.com/thetaedge/theta/executor"
)

// command is an order to the process itself, apart from tasks. The number of such an order is that of the
// rest.
type command string

const (
	// commandRest asks the task to stand still. The answer is kindStill.
	commandRest command = "rest"
	// commandWrite allows the task to write its tensors to the file. The answer is kindOut.
	commandWrite command = "write"
	// commandWake lets the task go on. The answer is kindAwake.
	commandWake command = "wake"
)

// rester obeys commands in a worker process. One goroutine uses it.
type rester struct {
	engine  executor.Rester
	storage executor.Storage
	reports *line

	number  uint64
	granted chan struct{}
	over    chan struct{}
}

// errCommand means that the daemon sends what it must not send.
var errCommand = errors.New("expected a command about a rest that has begun")

// obey obeys a command. It does not wait for the task.
func (r *rester) obey(o order) error {
	if r == nil {
		return nil // the daemon stops this process as it is
	}
	if o.Command == commandRest && r.over == nil {
		r.rest(o.Number)
		return nil
	}
	if r.over == nil || o.Number != r.number {
		return errCommand
	}
	switch o.Command {
	case commandWrite:
		close(r.granted)
	case commandWake:
		close(r.over)
		r.over = nil
	case commandRest:
		return errCommand
	default:
		return errCommand
	}
	return nil
}

func (r *rester) rest(number uint64) {
	granted, over := make(chan struct{}), make(chan struct{})
	r.number, r.granted, r.over = number, granted, over
	// If a report cannot be sent, the daemon has ended, and so does this process.
	tell := func(answer report) {
		answer.Number = number
		_ = r.reports.send(answer)
	}
	var once sync.Once
	r.engine.Rest(&executor.Rest{
		Storage: r.storage, Over: over,
		Still: func(bytes uint64) bool {
			tell(report{Kind: kindStill, Bytes: bytes})
			select {
			case <-granted:
				return true
			case <-over:
				return false
			}
		},
		Out: func(err error) {
			answer := report{Kind: kindOut}
			if err != nil {
				answer.Detail = clip(err.Error(), maxDetail)
			}
			tell(answer)
		},
		Awake: func() { once.Do(func() { tell(report{Kind: kindAwake}) }) },
	})
}
