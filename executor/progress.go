package executor

// Progress is how far a task is.
type Progress struct {
	// FuelUsed is the fuel that the task has used so far, and Fuel what it may use. Both are in
	// the fuel of the profile. Most programs end before they have used all of it.
	FuelUsed, Fuel uint64
}

// Tracker is an executor that knows how far its tasks are.
type Tracker interface {
	// Progress returns how far a live task is, or was when it ended. It is a second late at most
	// while the task runs. It fails with ErrUnknownTask.
	Progress(id string) (Progress, error)
}
