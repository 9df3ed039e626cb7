// Package executor is the contract between the edge node's agent and the code that runs a
// program: a wasm engine, a container engine, and others later.
//
//	Start ──► running ──► finished ──► (Destroy) gone
//	             │  Stop, WallLimit, a broken machine
//	             └──────────────────────► failed ──► (Destroy) gone
//
// A program that fails has a result too: each honest machine reaches the same one, and it is
// verified and paid like any other. Only a failure of the machine is an error. After a crash
// of the daemon, the daemon calls Recover instead of Start.
package executor

import (
	"context"
	"errors"
)

// These are the errors that callers distinguish.
var (
	// ErrBadTask means that this executor cannot run the task as it is.
	ErrBadTask = errors.New("bad task")
	// ErrBusy means that every slot is taken. The caller has to wait until a task ends.
	ErrBusy = errors.New("executor is busy")
	// ErrTaskExists means that a task with this id is already live.
	ErrTaskExists = errors.New("task exists already")
	// ErrUnknownTask means that no task with this id is live. The caller has to start or
	// recover it.
	ErrUnknownTask = errors.New("unknown task")
	// ErrStopped means that the task was stopped before it had a result.
	ErrStopped = errors.New("task was stopped")
	// ErrWallLimit means that the task reached its wall limit before it had a result.
	ErrWallLimit = errors.New("task ran into its wall limit")
	// ErrWorkerDied means that the process that ran the task has ended, or had to be ended,
	// before there was a result. This is a failure of the machine, but the program may have
	// caused it.
	ErrWorkerDied = errors.New("the process that ran the program has ended")
	// ErrDevice means that the device with the tensors of the task has failed, or that it is in
	// doubt whether its numbers are right. This is a failure of the machine.
	ErrDevice = errors.New("the device has failed")
	// ErrEvicted means that the task was ended because the owner of the machine needs the memory of its
	// tensors, and they could not be written to the disk. It can be begun again. Neither the machine
	// nor the program is to blame.
	ErrEvicted = errors.New("the owner of the machine needed the memory of the task")
	// ErrUnavailable means that this machine cannot run the profile now. Fingerprint says why.
	ErrUnavailable = errors.New("executor cannot run here")
	// ErrClosed means that the executor has been closed.
	ErrClosed = errors.New("executor is closed")
)

// Executor runs tasks under one versioned profile. All methods may be called
// from any goroutine.
type Executor interface {
	// Profile returns the versioned name of everything that determines a result, such as
	// "wasm/1".
	Profile() string

	// Fingerprint says whether this machine can run the profile now.
	Fingerprint(ctx context.Context) Fingerprint

	// Start begins a task and returns. It fails with ErrBadTask, ErrBusy, ErrTaskExists,
	// ErrUnavailable or ErrClosed, with the context's error if the caller has given up, or
	// with a failure of the machine such as ErrWorkerDied. If it fails, nothing runs.
	Start(ctx context.Context, task Task) error

	// Wait blocks until the task has ended and returns its result. Until Destroy, it returns
	// the same result to every caller. If there is no result, the error is ErrStopped,
	// ErrWallLimit, ErrWorkerDied or another failure of the machine. If the id is not live, it
	// is ErrUnknownTask. If the caller has given up waiting, it is the context's error.
	Wait(ctx context.Context, id string) (Result, error)

	// Stop ends a running task. Wait then returns ErrStopped. If the task has already ended,
	// Stop changes nothing. It fails with ErrUnknownTask.
	Stop(id string) error

	// Destroy stops the task if it is running, waits for its end and removes it. The outputs
	// stay. It fails with ErrUnknownTask.
	Destroy(id string) error

	// Recover resumes a task that was started before the daemon was killed. If the task is
	// still running, Recover attaches to it again. Otherwise it clears what the task left in
	// OutputDir and begins again. It fails as Start does.
	Recover(ctx context.Context, task Task) error

	// Close destroys every task and refuses new ones.
	Close() error
}

// Health says whether an executor can take tasks.
type Health string

// These are the states of an executor.
const (
	// Healthy means that tasks can be started.
	Healthy Health = "healthy"
	// Unhealthy means that the profile is known but cannot run here. Detail says why.
	Unhealthy Health = "unhealthy"
)

// Fingerprint is what an executor has found out about this machine.
type Fingerprint struct {
	// Profile is the executor's profile.
	Profile string
	// Health says whether tasks can be started.
	Health Health
	// Detail tells a person what is missing and what to do about it.
	Detail string
	// Engine is the name and version of the engine, such as "wazero 1.12.0".
	Engine string
	// Slots is the number of tasks that may run at the same time.
	Slots int
	// Running is the number of tasks that run now.
	Running int
}
