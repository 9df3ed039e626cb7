package executor

// Suspender is an executor that can stop all of its tasks in mid-run and let them go on later.
// Neither results nor fuel nor traces depend on it, and no time limit of a task counts the time
// in between.
type Suspender interface {
	// Suspend stops all tasks where they are, and returns once none of them uses a processor or
	// gives a device further work, except for moving tensors out of their memory, which may go on for
	// some seconds. Until Resume, no task begins: Start and Recover wait, or end
	// with their context. Stop, Destroy and Close end a suspended task as any other. If some
	// process could not be stopped, Suspend fails, and the tasks are suspended as far as that was
	// possible. A second call tries again.
	Suspend() error
	// Resume lets all tasks go on. It changes nothing if they are not suspended.
	Resume() error
}
