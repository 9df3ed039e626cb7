package relay

import (
	"context"
	"errors"
)

// ErrNoTask: the chain has no such task, or keeps no more of it.
var ErrNoTask = errors.New("no such task")

// Ledger shows a relay what a chain has of tasks. It is safe for concurrent use.
type Ledger interface {
	// Task returns what the chain shows of a task, or ErrNoTask. ended is the height at
	// which the uploader says that it ended, 0 for not yet. Any other error means that
	// the chain could not be asked; the arguments must not be able to cause one.
	Task(ctx context.Context, job string, task uint64, ended int64) (Task, error)
	// Worker returns the name of the key that signed message. It asks no node.
	Worker(key, message, signature []byte) (name string, err error)
}

// Task is what a chain shows of a task.
type Task struct {
	// Chain is its id.
	Chain string
	// Sinks are where its results go: the job's sink, and where its requester has had
	// them sent again.
	Sinks []string
	// OutputBytes is what its outputs may have together.
	OutputBytes int64
	// Workers are the worker keys at work on it that have a result to deliver, each with
	// the operator of its node.
	Workers map[string]string
}
