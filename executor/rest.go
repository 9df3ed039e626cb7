package executor

import "io"

// Rester is an executor whose tasks can rest: a task stands still, and the memory of its tensors is
// given up meanwhile. Neither results nor fuel nor traces depend on it.
type Rester interface {
	// Rest asks the task that runs to rest. A task that begins later rests too, until Over is closed.
	// A task rests between two calls or slices of its program, so that it takes a moment. A further
	// request takes the place of the last one.
	Rest(r *Rest)
}

// Rest is a request to rest. The task calls its functions in their order, from one goroutine.
type Rest struct {
	// Still is called once the program stands still. It receives the number of bytes that the tensors
	// take on the disk, and returns once they may be written there, or false if the task is to go on.
	Still func(bytes uint64) bool
	// Storage receives the tensors. It belongs to the task until Awake.
	Storage Storage
	// Out is called when the memory of the tensors has been given up, or with the reason why it could
	// not be. The tensors are then still in memory.
	Out func(error)
	// Over is closed when the task is to go on.
	Over <-chan struct{}
	// Awake is called when the task goes on, with its tensors in memory.
	Awake func()
}

// Ended reports whether the task is to go on.
func (r *Rest) Ended() bool {
	select {
	case <-r.Over:
		return true
	default:
		return false
	}
}

// Storage is what tensors are written to while a task rests.
type Storage interface {
	io.ReaderAt
	io.WriterAt
	// Sync returns once everything that was written is on the disk, and takes no memory.
	Sync() error
	// Truncate gives up what was written.
	Truncate(size int64) error
}
