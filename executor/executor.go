// Package executor is the contract between the edge node's agent and whatever
// runs a program: a wasm engine, a container engine, others later.
//
//	Start ──► running ──► finished ──► (Destroy) gone
//	             │  Stop, WallLimit, a broken machine
//	             └──────────────────────► failed ──► (Destroy) gone
//
// A failing program is a result: each honest machine reaches the same one, and
// it is verified and paid like any other. Only trouble of the machine is an
// error. After a crash of the daemon, Recover takes the place of Start.
package executor

import (
	"context"
	"errors"
)

// The errors that a caller decides on.
var (
	// ErrBadTask: the task cannot be run by this executor as it stands.
	ErrBadTask = errors.New("bad task")
	// ErrBusy: every slot is taken; wait for one to end.
	ErrBusy = errors.New("executor is busy")
	// ErrTaskExists: a task with this id is live already.
	ErrTaskExists = errors.New("task exists already")
	// ErrUnknownTask: no task with this id is live; Start or Recover it.
	ErrUnknownTask = errors.New("unknown task")
	// ErrStopped: the task was stopped before it had a result.
	ErrStopped = errors.New("task was stopped")
	// ErrWallLimit: the task ran into its wall limit before it had a result.
	ErrWallLimit = errors.New("task ran into its wall limit")
	// ErrWorkerDied: the process that ran the task has ended, or had to be ended,
	// before there was a result. That is trouble of this machine, and may be the
	// program's doing.
	ErrWorkerDied = errors.New("the process that ran the program has ended")
	// ErrUnavailable: this machine cannot run the profile now; Fingerprint says why.
	ErrUnavailable = errors.New("executor cannot run here")
	// ErrClosed: the executor has been closed.
	ErrClosed = errors.New("executor is closed")
)

// Executor runs tasks under one versioned profile. All methods may be called
// from any goroutine.
type Executor interface {
	// Profile is the versioned name of everything that decides a result, such
	// as "wasm/1".
	Profile() string

	// Fingerprint says whether this machine can run the profile now.
	Fingerprint(ctx context.Context) Fingerprint

	// Start begins a task and returns. It fails with ErrBadTask, ErrBusy,
	// ErrTaskExists, ErrUnavailable or ErrClosed, with the context's error when the
	// caller gave up, or with trouble of the machine, ErrWorkerDied among it, and then
	// nothing runs.
	Start(ctx context.Context, task Task) error

	// Wait blocks until the task has ended and returns its result, the same one
	// for every caller, until Destroy. The error is ErrStopped, ErrWallLimit,
	// ErrWorkerDied or other trouble of the machine when there is no result,
	// ErrUnknownTask when the id is not live, and the context's when the caller gave
	// up waiting.
	Wait(ctx context.Context, id string) (Result, error)

	// Stop ends a running task; Wait then returns ErrStopped. Stopping a task
	// that has ended changes nothing. It fails with ErrUnknownTask.
	Stop(id string) error

	// Destroy stops the task if need be, waits for its end and forgets it. The
	// outputs stay. It fails with ErrUnknownTask.
	Destroy(id string) error

	// Recover resumes a task that was started before the daemon was killed:
	// reattach if it is still running, else clear what it left in OutputDir and
	// begin again. It fails as Start does.
	Recover(ctx context.Context, task Task) error

	// Close destroys every task and refuses new ones.
	Close() error
}

// Health says whether an executor can take tasks.
type Health string

// The states of an executor.
const (
	// Healthy: tasks can be started.
	Healthy Health = "healthy"
	// Unhealthy: the profile is known but cannot run here; Detail says why.
	Unhealthy Health = "unhealthy"
)

// Fingerprint is what an executor found out about this machine.
type Fingerprint struct {
	// Profile is the executor's profile.
	Profile string
	// Health says whether tasks can be started.
	Health Health
	// Detail is for a person: what is missing and what to do about it.
	Detail string
	// Engine names engine and version, such as "wazero 1.12.0".
	Engine string
	// Slots is how many tasks may run at once.
	Slots int
	// Running is how many run now.
	Running int
}
